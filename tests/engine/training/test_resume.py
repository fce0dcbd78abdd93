"""A job that is stopped, killed or short of disk, and goes on: it must become what it would have become.

`CLOSE` is the float noise allowed for; on one machine with one thread the figures are equal to the last bit. With
`TUNEBOARD_TEST_CUTS=500` the power is cut that often.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from lib.config import ROOT
from lib.engine.training import folders, keeper, starter
from lib.engine.training.__main__ import main
from lib.engine.training.checkpoint import STATE, Progress, newest, save
from lib.engine.training.job import train
from lib.engine.training.report import Metrics, Reporter
from lib.engine.training.spec import Spec
from lib.engine.training.stop import Stop, Stopped

from .conftest import MakeJob, colour_records, events_of, messages_of, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning"),  # peft asks by the old name
]

CLOSE = 1e-6
CUTS = int(os.environ.get("TUNEBOARD_TEST_CUTS", "20"))
EPOCHS, STEPS = 3, 36

MakeRoad = Callable[[str], Spec]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "WIDTH", 64)


class Wish(Stop):
    """A wish that ends no process: it is heard after the step under way."""

    now = False

    @property
    def asked(self) -> bool:
        return self.now


class Killed(Exception):
    """Stands for `kill -9` between two lines of code."""


class Watcher(Reporter):
    """A reporter that does something when it has told a step."""

    def __init__(self, spec: Spec, step: int, act: Callable[[], None]) -> None:
        super().__init__(spec.events)
        self._step, self._act = step, act

    def metrics(self, metrics: Metrics) -> None:
        super().metrics(metrics)
        if metrics.step == self._step:
            self._act()


def pause_at(spec: Spec, step: int) -> None:
    wish = Wish()
    with pytest.raises(Stopped), Watcher(spec, step, lambda: setattr(wish, "now", True)) as report:
        train(spec, report, wish)


def kill_at(spec: Spec, step: int) -> None:
    def die() -> None:
        raise Killed

    with pytest.raises(Killed), Watcher(spec, step, die) as report:
        train(spec, report)


def preferences(count: int) -> list[dict[str, Any]]:
    return [
        {
            "input": {"messages": [{"role": "user", "content": record["prompt"]}]},
            "preferred_output": [{"role": "assistant", "content": record["completion"]}],
            "non_preferred_output": [{"role": "assistant", "content": " odd"}],
        }
        for record in colour_records(count)
    ]


@pytest.fixture(params=["starter", "full", "lora", "dpo"])
def make_road(request: pytest.FixtureRequest, make_job: MakeJob, llama: Path) -> MakeRoad:
    """Make the same job again under another name."""
    ways: dict[str, dict[str, Any]] = {
        "starter": {},
        "full": {"base": llama},
        "lora": {"base": llama, "lora": True, "lora_dropout": 0.1},
        "dpo": {"base": llama, "method": "dpo", "records": preferences(48), "validation": preferences(8)},
    }

    def make(name: str) -> Spec:
        return make_job(name, **{"validation": colour_records(8), "n_epochs": EPOCHS} | ways[request.param])

    return make


def weights(spec: Spec) -> dict[str, torch.Tensor]:
    (file,) = spec.output.glob("*.safetensors")
    return load_file(file)


def assert_same(found: Spec, expected: Spec) -> None:
    """Compare every figure that was told first for its step, and the model."""
    theirs, ours = ({m["step"]: m for m in reversed(events_of(spec, "metrics"))} for spec in (expected, found))
    assert sorted(ours) == sorted(theirs)
    for step, metrics in theirs.items():
        for name in ("tokens", "train_loss", "train_mean_token_accuracy", "valid_loss", "full_valid_loss"):
            wanted = metrics[name] if metrics[name] is None else pytest.approx(metrics[name], rel=CLOSE)
            assert ours[step][name] == wanted, (step, name)
    kept, made = weights(found), weights(expected)
    assert all(torch.allclose(kept[name], made[name], rtol=0, atol=CLOSE) for name in made)


def steps_of(spec: Spec) -> list[int]:
    return [metrics["step"] for metrics in events_of(spec, "metrics")]


def test_a_paused_job_becomes_what_it_would_have_become_and_tells_no_step_twice(make_road: MakeRoad) -> None:
    whole, broken = run(make_road("whole")), make_road("broken")
    for step in (1, 7, 12, 30):
        pause_at(broken, step)
    run(broken)
    assert steps_of(broken) == list(range(1, STEPS + 1))
    assert_same(broken, whole)
    assert not list(broken.checkpoints.glob("resume-*"))


def test_a_killed_job_goes_on_from_its_newest_point(make_road: MakeRoad, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, broken = run(make_road("whole")), make_road("broken")
    kill_at(broken, 5)  # nothing is on disk yet
    monkeypatch.setattr(keeper, "SHARE", float("inf"))
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.0)
    kill_at(broken, 8)
    kill_at(broken, 20)
    run(broken)
    told = steps_of(broken)
    jumps = [(a, b) for a, b in itertools.pairwise(told) if b != a + 1]
    assert jumps == [(5, 1), (8, 8), (20, 20)], "a kill costs the step under way, once there are points"
    assert_same(broken, whole)


def test_a_resume_point_is_told_to_nobody_as_a_checkpoint(make_job: MakeJob) -> None:
    spec = make_job()
    pause_at(spec, 5)
    assert [path.name for path in spec.checkpoints.iterdir()] == ["resume-5"]
    assert events_of(spec, "checkpoint") == []
    run(spec)
    assert "Resumed from the state after step 5." in messages_of(spec)
    assert [checkpoint["step"] for checkpoint in events_of(spec, "checkpoint")] == [12, 24]


def test_a_checkpoint_that_was_written_but_not_told_is_told_on_resume(make_job: MakeJob) -> None:
    class Mute(Reporter):
        def checkpoint(self, path: Path, metrics: Metrics) -> None:
            raise Killed

    spec = make_job()
    with pytest.raises(Killed), Mute(spec.events) as report:
        train(spec, report)
    run(spec)
    assert [(told["step"], told["metrics"]["step"]) for told in events_of(spec, "checkpoint")] == [(12, 12), (24, 24)]


def test_an_adapters_resume_point_holds_no_base(make_job: MakeJob, llama: Path) -> None:
    spec = make_job(base=llama, lora=True)
    pause_at(spec, 3)
    names = {path.name for path in (spec.checkpoints / "resume-3").iterdir()}
    assert "adapter_model.safetensors" in names
    assert "model.safetensors" not in names


def full_after(monkeypatch: pytest.MonkeyPatch, flushes: int) -> None:
    """Let the disk take so many files, then no more."""
    taken = 0
    sync = folders._sync

    def limited(path: Path) -> None:
        nonlocal taken
        taken += 1
        if taken > flushes:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        sync(path)

    monkeypatch.setattr(folders, "_sync", limited)


def test_a_full_disk_ends_the_job_in_words_and_costs_no_checkpoint(make_job: MakeJob) -> None:
    whole, broken = run(make_job("whole", n_epochs=EPOCHS)), make_job("broken", n_epochs=EPOCHS)
    with pytest.MonkeyPatch.context() as patch:
        full_after(patch, 12)
        assert main(broken.folder, Stop()) == 1
    (error,) = events_of(broken, "error")
    assert error["code"] == "storage_error"
    assert error["message"].startswith("Disk full: ")
    kept = [Path(told["path"]) for told in events_of(broken, "checkpoint")]
    assert kept
    assert all(load_file(path / "model.safetensors") for path in kept)
    assert sorted(broken.checkpoints.iterdir()) == sorted(kept), "what was half written is removed again"
    run(broken)
    assert_same(broken, whole)


def test_a_full_disk_between_checkpoints_is_a_warning(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_job()
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.0)
    with pytest.MonkeyPatch.context() as patch:
        full_after(patch, 0)
        kill_at(spec, 4)
    assert "could not be saved: [Errno 28] No space left on device" in messages_of(spec)
    run(spec)
    assert spec.output.exists()


def start_saver(root: Path) -> tuple[int, int]:
    """Start a process that saves, and saves, and tells on a pipe what it has saved."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            save_for_ever(root, writing)
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def save_for_ever(root: Path, writing: int) -> None:
    found = newest(root)
    step = found.progress.step if found else 0
    while True:
        step += 1
        weight = torch.full((50_000,), float(step))
        save(
            root,
            Progress(step=step, best_step=step),
            [torch.optim.SGD([torch.nn.Parameter(weight)], momentum=0.9)],
            lambda folder: save_file({"weight": weight}, folder / "model.safetensors"),  # noqa: B023 - called at once
            {"step": step} if step % 2 else None,
        )
        os.write(writing, step.to_bytes(8))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_power_may_go_at_any_moment_of_a_save(tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311
    last = 0
    for _ in range(CUTS):
        child, pipe = start_saver(tmp_path)
        os.read(pipe, 8)  # it has come so far as to save
        time.sleep(chance.uniform(0, 0.03))
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while told := os.read(pipe, 8):
            last = int.from_bytes(told)
        os.close(pipe)
        for folder in tmp_path.glob("[!.]*"):
            step = float(folder.name.partition("-")[2])
            assert load_file(folder / "model.safetensors")["weight"].eq(step).all()
        state = newest(tmp_path)
        assert state is not None
        assert state.progress.step >= last
        assert len(list(tmp_path.glob(f"[!.]*/{STATE}"))) <= 2, "the newest, and the one before if that moment was cut"


def start_process(spec: Spec) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lib.engine.training", str(spec.folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def wait_for_step(spec: Spec, process: subprocess.Popen[bytes], step: int) -> None:
    while not spec.events.exists() or step not in steps_of(spec):
        assert process.poll() is None, "the trainer ended too soon"
        time.sleep(0.02)


def test_processes_that_are_told_killed_or_orphaned_lose_nothing(make_job: MakeJob, llama: Path) -> None:
    whole, broken = (make_job(name, base=llama, records=colour_records(240)) for name in ("whole", "broken"))
    with start_process(whole) as process:
        assert process.wait(90) == 0
    with start_process(broken) as process:
        wait_for_step(broken, process, 4)
        process.terminate()
        assert process.wait(30) == 143
    with start_process(broken) as process:
        wait_for_step(broken, process, 20)
        assert process.stdin
        process.stdin.close()  # as the kernel does for an engine that was killed
        assert process.wait(30) == 143
    told = steps_of(broken)
    assert told == list(range(1, len(told) + 1))
    with start_process(broken) as process:
        wait_for_step(broken, process, told[-1] + 14)
        process.kill()
    with start_process(broken) as process:
        assert process.wait(90) == 0
    assert_same(broken, whole)
