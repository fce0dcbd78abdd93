"""What is prepared is there whole or not at all, and preparing it again changes no byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.datasets import jsonl
from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.datasets.source import Source, open_source
from lib.workbench.errors import ResultUnwritable, Stopped
from lib.workbench.prepare import prepare
from tests.workbench.conftest import CHAT_RECIPE, talk

Open = Callable[[list[dict[str, Any]]], Source]
TWICE = {"code": "duplicate_rows", "settings": {}}
PAIRS = Recipe({"问": "prompt", "答": "completion"}, separator=" ->", stop=" END", leading_space=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_examples_are_written_in_order(opened: Open, tmp_path: Path, workers: int) -> None:
    records = [talk(n) for n in range(100)]
    made = prepare(opened(records), CHAT_RECIPE, tmp_path / "out.jsonl", workers=workers)
    data = made.path.read_bytes()
    assert data == jsonl.write(records)
    assert (made.examples, made.size, made.sha256) == (100, len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("recipe", "records"),
    [
        (replace(CHAT_RECIPE, fixes=[TWICE]), [talk(n % 30) for n in range(80)]),
        (PAIRS, [{"问": f"{n}?", "答": f"答案 {n}"} for n in range(40)]),
    ],
)
def test_a_recipe_run_over_its_own_output_changes_nothing(
    opened: Open, tmp_path: Path, recipe: Recipe, records: list[dict[str, Any]]
) -> None:
    first = prepare(opened(records), recipe, tmp_path / "first.jsonl")
    again = prepare(open_source(first.path, "first.jsonl", tmp_path), recipe, tmp_path / "again.jsonl")
    assert again.path.read_bytes() == first.path.read_bytes()
    assert (again.examples, again.dropped, again.skipped) == (first.examples, 0, 0)


def test_corrections_are_in_the_output(opened: Open, tmp_path: Path) -> None:
    source = opened([{"问": f"{n}?", "答": f"答案 {n}"} for n in range(12)])
    corrections = Corrections().edit(0, "答", "better").exclude(1)
    made = prepare(source, PAIRS, tmp_path / "out.jsonl", corrections=corrections)
    first = made.path.read_text(encoding="utf-8").splitlines()[0]
    assert first == '{"prompt": "0? ->", "completion": " better END"}'
    assert (made.examples, made.dropped) == (11, 1)


def test_a_stop_leaves_what_was_there(opened: Open, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("before")
    with pytest.raises(Stopped):
        prepare(opened([talk(n) for n in range(100)]), CHAT_RECIPE, out, stop=lambda: True)
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_full_disk_is_told_and_leaves_nothing(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    source = opened([talk(n) for n in range(20)])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultUnwritable, match="No space left"):
        prepare(source, CHAT_RECIPE, tmp_path / "out" / "o.jsonl")
    assert list((tmp_path / "out").iterdir()) == []
