"""Background work is done once, told as it goes, ended on demand, and found again by anybody who asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lib import stored_files
from lib.config import ROOT
from lib.datasets import jsonl
from lib.datasets.errors import UnsupportedFile
from lib.datasets.source import open_source
from lib.pricing.tokens import TokenModel
from lib.workbench import background
from lib.workbench.background import Done, Failed, Gone, Running, Spec, State, start, state
from lib.workbench.prepare import prepare
from lib.workbench.report_json import to_json
from lib.workbench.survey import survey
from lib.workbench.traits import Traits
from tests.workbench.conftest import CHAT_RECIPE, talk

MODEL = TokenModel("gpt-4o-2024-08-06", "hosted", "o200k_base")
READING = {"encoding": None, "delimiter": None, "sheet": None, "header": None}


def spec_of(data: bytes, name: str = "a.jsonl") -> Spec:
    return Spec("survey", stored_files.save_file(data), name, READING, CHAT_RECIPE, model=MODEL)


@pytest.fixture
def spec(home: Path) -> Spec:
    return spec_of(jsonl.write(talk(n % 150) for n in range(200)))


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    """Wait until what a test started has ended."""
    yield
    for child in background._children.values():
        child.wait(10)


@pytest.fixture
def long_work(home: Path) -> Spec:
    """Work that takes seconds."""
    return spec_of(jsonl.write(talk(n, f"{n} 这是一个很长的回答，it goes on and on. " * 30) for n in range(20_000)))


def wait_for(key: str, *kinds: type[State], seconds: float = 30) -> State:
    end = time.monotonic() + seconds
    while not isinstance(found := state(key), kinds):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def test_the_report_is_the_one_that_a_survey_gives_here(spec: Spec, tmp_path: Path) -> None:
    assert state(spec.key) == Gone()
    found = wait_for(start(spec), Done)
    assert isinstance(found, Done)
    assert found.report is not None
    source = open_source(stored_files.file_path(spec.sha256), spec.name, tmp_path)
    assert to_json(found.report) == to_json(survey(source, spec.recipe, model=MODEL, extra=(Traits,)))


def test_examples_are_written_as_prepare_writes_them(spec: Spec, tmp_path: Path) -> None:
    found = wait_for(start(replace(spec, what="prepare")), Done)
    assert isinstance(found, Done)
    assert found.prepared is not None
    source = open_source(stored_files.file_path(spec.sha256), spec.name, tmp_path)
    here = prepare(source, spec.recipe, tmp_path / "out.jsonl")
    assert replace(found.prepared, path=here.path) == here
    assert found.prepared.path.read_bytes() == here.path.read_bytes()


def test_what_is_asked_twice_is_done_once(long_work: Spec) -> None:
    first = start(long_work)
    process = background._children[first]
    assert start(long_work) == first
    assert background._children[first] is process
    assert isinstance(state(first), Running)
    background.cancel(first)


def test_a_cancelled_one_ends_within_a_second_with_all_its_processes(long_work: Spec) -> None:
    key = start(long_work)
    process = psutil.Process(background._children[key].pid)
    while not process.children():
        assert isinstance(state(key), Running)
        time.sleep(0.02)
    helpers = process.children()
    begun = time.monotonic()
    background.cancel(key)
    assert time.monotonic() - begun < 1
    assert state(key) == Gone()
    assert not any(helper.is_running() and helper.status() != psutil.STATUS_ZOMBIE for helper in helpers)


def test_a_killed_one_is_a_refusal_and_can_be_started_again(long_work: Spec) -> None:
    key = start(long_work)
    os.kill(background._children[key].pid, signal.SIGKILL)
    assert isinstance(wait_for(key, Failed), Failed)
    start(long_work)
    assert isinstance(state(key), Running)
    background.cancel(key)


def test_a_refused_file_is_told_as_such(home: Path) -> None:
    found = wait_for(start(spec_of(b"%PDF-1.7 not a dataset", "a.pdf")), Failed)
    assert isinstance(found, Failed)
    assert isinstance(found.error, UnsupportedFile)


def test_it_ends_with_the_server_that_started_it(long_work: Spec, home: Path) -> None:
    path = background.folder() / "spec"
    path.parent.mkdir(parents=True)
    server = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    background.write(path, long_work.to_json() | {"parent": int(server.stdout)})
    done = subprocess.run(
        [sys.executable, "-m", "lib.workbench.background", str(path)], cwd=ROOT, timeout=20, check=True
    )
    assert done.returncode == 0
    assert state(long_work.key) == Gone()


def test_the_key_is_made_of_all_that_the_outcome_depends_on(spec: Spec) -> None:
    others = [
        replace(spec, limit=5),
        replace(spec, model=None),
        replace(spec, reading={**READING, "encoding": "big5"}),
        replace(spec, corrections=spec.corrections.exclude(1)),
        replace(spec, validation=frozenset({1})),
    ]
    assert len({other.key for other in [spec, *others]}) == 6
    assert Spec.from_json(spec.to_json() | {}) == spec
    assert all(Spec.from_json(other.to_json()).key == other.key for other in others)
