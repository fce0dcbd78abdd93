"""The engines that tests share or start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from lib.engine.app import Engine
from tests.engine.support import KEY, TRAINER, WORKER, Process, Running, run_here


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An engine with a key, shared by the tests of a module."""
    home = tmp_path_factory.mktemp("engine")
    models = home / "bases"
    models.mkdir()
    yield from run_here(Engine(home, api_key=KEY, models=models, trainer=TRAINER, worker=WORKER), home, KEY)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Start engines on one home, one after the other; the last is stopped at the end."""
    started: list[Process] = []

    def start_one() -> Process:
        started.append(Process(tmp_path / "engine"))
        return started[-1]

    yield start_one
    started[-1].close()


@pytest.fixture(scope="module")
def model(engine: Running) -> str:
    """The id of a tuned model."""
    return engine.wait(engine.create("steps=2").id).fine_tuned_model


@pytest.fixture
def lax(engine: Running) -> Iterator[OpenAI]:
    """A client that takes nulls where OpenAI sends them against its own types, as `finish_reason` in some chunks."""
    with OpenAI(base_url=f"{engine.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client
