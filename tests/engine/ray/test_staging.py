"""A job's folder on a store behind a URL: what workers write comes back, whole and in order, whoever dies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec")

from lib.engine.ray.staging import Staging, Stored


def say(folder: Path, **line: Any) -> None:
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]


def checkpoint(folder: Path, name: str, state: str = "state") -> None:
    made = folder / "checkpoints" / name
    made.mkdir(parents=True)
    (made / "model.safetensors").write_text(name)
    (made / "state.pt").write_text(state)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job on a base in a folder of its own."""
    base, job = tmp_path / "models" / "small", tmp_path / "jobs" / "ftjob-x"
    for folder in (base, job):
        folder.mkdir(parents=True)
    (base / "config.json").write_text("{}")
    (job / "train.jsonl").write_text("rows\n")
    spec = {
        "base": {"kind": "folder", "path": str(base)},
        "training_file": str(job / "train.jsonl"),
        "validation_file": None,
        "output": str(job / "model"),
    }
    (job / "spec.json").write_text(json.dumps(spec))
    return job


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'store'}"


def test_a_worker_finds_everything_where_its_spec_says(job: Path, url: str) -> None:
    Staging.of(str(job), url).send()
    with Staging.of(str(job), url).borrowed(first=False) as here:
        spec = json.loads((here / "spec.json").read_text())
        assert here != job
        assert Path(spec["training_file"]).read_text() == "rows\n"
        assert (Path(spec["base"]["path"]) / "config.json").exists()
        assert Path(spec["output"]).parent == here


def test_what_a_worker_writes_comes_back_folders_before_the_lines_that_tell_of_them(job: Path, url: str) -> None:
    driver = Staging.of(str(job), url)
    driver.send()
    with Staging.of(str(job), url).borrowed(first=True) as here:
        say(here, kind="metrics", step=1)
        checkpoint(here, "step-1")
        say(here, kind="checkpoint", step=1, path=str(here / "checkpoints" / "step-1"))
        (here / "model").mkdir()
        (here / "model" / "config.json").write_text("{}")
        say(here, kind="done")
    driver.fetch()
    driver.fetch()
    assert [line["kind"] for line in told(job)] == ["metrics", "checkpoint", "done"]
    assert told(job)[1]["path"] == str(job / "checkpoints" / "step-1")
    assert (job / "checkpoints" / "step-1" / "state.pt").exists()
    assert (job / "model" / "config.json").exists()
    driver.forget()
    assert not Path(url.removeprefix("file://"), "ftjob-x").exists()


def test_another_worker_goes_on_from_what_the_first_has_brought(job: Path, url: str) -> None:
    Staging.of(str(job), url).send()
    with Staging.of(str(job), url).borrowed(first=True) as here:
        say(here, kind="metrics", step=1)
        checkpoint(here, "step-1")
        with (here / "events.jsonl").open("a") as file:
            file.write('{"kind": "half')
    with Staging.of(str(job), url).borrowed(first=True) as here:
        assert (here / "checkpoints" / "step-1" / "state.pt").read_text() == "state"
        say(here, kind="metrics", step=2)
        (here / "checkpoints" / "step-1" / "state.pt").unlink()
        checkpoint(here, "resume-2")
    with Staging.of(str(job), url).borrowed(first=False) as here:
        assert [line["step"] for line in told(here)] == [1, 2]
        states = sorted(path.parent.name for path in here.glob("checkpoints/*/state.pt"))
        assert states == ["resume-2"], "an older state must not be found again"


def test_a_driver_that_was_replaced_reads_on_where_the_last_one_stopped(job: Path, url: str) -> None:
    first = Staging.of(str(job), url)
    first.send()
    with Staging.of(str(job), url).borrowed(first=True) as here:
        say(here, kind="message", message="一")
    first.fetch()
    with Staging.of(str(job), url).borrowed(first=True) as here:
        say(here, kind="message", message="two")
    second = Staging.of(str(job), url)
    second.send()
    second.fetch()
    assert [line["message"] for line in told(job)] == ["一", "two"]


def test_on_a_shared_path_nothing_moves(job: Path) -> None:
    staging = Staging.of(str(job), "")
    assert not isinstance(staging, Stored)
    with staging.borrowed(first=True) as here:
        assert here == job
