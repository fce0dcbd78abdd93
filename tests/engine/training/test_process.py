"""The trainer as the engine sees it: a process with a pipe to its standard input."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib.config import ROOT
from lib.engine.training.spec import Spec

from .conftest import MakeJob, colour_records, events_of

pytestmark = pytest.mark.slow


def start(spec: Spec) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lib.engine.training", str(spec.folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def wait_for_checkpoint(spec: Spec, process: subprocess.Popen[bytes]) -> None:
    while not list(spec.checkpoints.glob("step-*")):
        assert process.poll() is None, "the trainer ended before it wrote a checkpoint"
        time.sleep(0.05)


def test_a_trainer_killed_hard_goes_on_from_its_checkpoint(make_job: MakeJob) -> None:
    spec = make_job(records=colour_records(20), n_epochs=9)
    with start(spec) as first:
        wait_for_checkpoint(spec, first)
        first.kill()
    with start(spec) as second:
        assert second.wait(60) == 0
    steps = [event["step"] for event in events_of(spec, "metrics")]
    jump = next(i for i in range(1, len(steps)) if steps[i] != steps[i - 1] + 1) if steps != sorted(set(steps)) else 0
    assert steps[jump:] == list(range(steps[jump], 46))
    assert (spec.output / "model.safetensors").exists()
    assert "Resumed" in "".join(event["message"] for event in events_of(spec, "message"))


def test_a_trainer_told_to_stop_stops_with_143_and_one_without_an_engine_too(make_job: MakeJob) -> None:
    told, orphan = make_job("told", n_epochs=500), make_job("orphan", n_epochs=500)
    with start(told) as first, start(orphan) as second:
        wait_for_checkpoint(told, first)
        first.terminate()
        assert first.wait(10) == 143
        wait_for_checkpoint(orphan, second)
        assert second.stdin is not None
        second.stdin.close()
        assert second.wait(10) == 143
    assert not told.output.exists()
    assert not events_of(told, "error")


def test_a_bad_record_ends_the_job_with_its_line(make_job: MakeJob) -> None:
    spec = make_job(records=[*colour_records(10), {"prompt": 5}])
    with start(spec) as process:
        assert process.wait(60) == 1
    (error,) = events_of(spec, "error")
    assert error["code"] == "invalid_training_file"
    assert error["param"] == "training_file"
    assert error["message"].startswith("Line 11 ")


def test_a_missing_file_ends_the_job_with_a_sentence(make_job: MakeJob) -> None:
    spec = make_job()
    Path(spec.training_file).unlink()
    with start(spec) as process:
        assert process.wait(60) == 1
    assert "could not be read" in events_of(spec, "error")[0]["message"]
