"""The trainer's process: every line once, a stop that leaves time to save, and an end that is certain."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from lib.engine.queue import trainer_process
from lib.engine.queue.trainer_process import Trainer, clear_leftovers, cut_broken_end, last_words, read_lines

posix = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")

SAVES_FIRST = """
import json, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
def say(**line):
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\\n")
def stop(*_):
    time.sleep(0.3)
    (folder / "saved").write_text("all of it")
    sys.exit(143)
signal.signal(signal.SIGTERM, stop)
say(kind="message", message="ready")
time.sleep(60)
"""
STUBBORN = SAVES_FIRST.replace("signal.SIGTERM, stop", "signal.SIGTERM, signal.SIG_IGN")
COUNTS = """
import json, pathlib, sys
with (pathlib.Path(sys.argv[1]) / "events.jsonl").open("a") as file:
    for number in range(2000):
        file.write(json.dumps({"kind": "metrics", "step": number}) + "\\n")
    file.write('{"kind": "half a li')
"""


class Reader:
    """What a trainer told, and how far it was read."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.offset = 0

    async def deliver(self, lines: list[dict[str, Any]], offset: int) -> None:
        self.lines += lines
        self.offset = offset


def trainer(code: str, folder: Path, **environment: str) -> Trainer:
    return Trainer((sys.executable, "-c", code), folder, environment)


async def ready(reader: Reader) -> None:
    while not reader.lines:
        await asyncio.sleep(0.02)


async def test_every_complete_line_is_delivered_once(tmp_path: Path) -> None:
    reader = Reader()
    assert await trainer(COUNTS, tmp_path).run(0, reader.deliver) == 0
    assert [line["step"] for line in reader.lines] == list(range(2000))
    cut_broken_end(tmp_path / "events.jsonl")
    assert (tmp_path / "events.jsonl").stat().st_size == reader.offset
    assert read_lines(tmp_path / "events.jsonl", reader.offset) == ([], reader.offset)


@posix
async def test_a_trainer_that_is_stopped_may_save_first(tmp_path: Path) -> None:
    one, reader = trainer(SAVES_FIRST, tmp_path), Reader()
    run = asyncio.create_task(one.run(0, reader.deliver))
    await ready(reader)
    assert one.memory() > 1024**2
    await one.stop()
    assert await run == 143
    assert (tmp_path / "saved").read_text() == "all of it"
    assert one.memory() == 0


@posix
async def test_a_trainer_that_will_not_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    one, reader = trainer(STUBBORN, tmp_path), Reader()
    run = asyncio.create_task(one.run(0, reader.deliver))
    await ready(reader)
    begun = time.monotonic()
    await one.stop(0.3)
    assert await run == -9
    assert 0.3 <= time.monotonic() - begun < 5


@posix
async def test_a_cancelled_watch_stops_its_trainer(tmp_path: Path) -> None:
    one, reader = trainer(SAVES_FIRST, tmp_path), Reader()
    run = asyncio.create_task(one.run(0, reader.deliver))
    await ready(reader)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (tmp_path / "saved").exists()


async def test_a_trainer_stopped_before_it_began_never_begins(tmp_path: Path) -> None:
    one, reader = trainer(COUNTS, tmp_path), Reader()
    await one.stop()
    assert await one.run(0, reader.deliver) == 0
    assert not (tmp_path / "events.jsonl").exists()


@posix
async def test_a_trainer_knows_its_device_no_key_and_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-secret")
    code = "import json, os, sys; print(json.dumps([dict(os.environ), os.nice(0)]))"
    await trainer(code, tmp_path, CUDA_VISIBLE_DEVICES="GPU-x").run(0, Reader().deliver)
    seen, _ = json.loads((tmp_path / "trainer.log").read_text())
    assert seen["CUDA_VISIBLE_DEVICES"] == "GPU-x"
    assert "SOME_API_KEY" not in seen


@posix
def test_a_leftover_may_save_before_it_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_process, "GRACE_SECONDS", 0.5)
    left = subprocess.Popen([sys.executable, "-c", STUBBORN, str(tmp_path)], stdin=subprocess.PIPE)
    while not (tmp_path / "events.jsonl").exists():
        time.sleep(0.02)
    clear_leftovers(tmp_path)
    left.wait(5)
    assert not psutil.pid_exists(left.pid)
    assert left.stdin
    left.stdin.close()


def test_the_last_words_are_the_last_line_that_was_printed(tmp_path: Path) -> None:
    assert last_words(tmp_path) == ""
    (tmp_path / "trainer.log").write_text("first\nthe disk is on fire\n\n")
    assert last_words(tmp_path) == "the disk is on fire"


def test_lines_told_again_after_a_power_cut_took_the_end_of_the_file_are_read(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text('{"step": 1}\n{"step": 2}\n')
    _, offset = read_lines(events, 0)
    events.write_text('{"step": 1}\n')
    lines, offset = read_lines(events, offset)
    assert lines == []
    with events.open("a") as file:
        file.write('{"step": 2, "again": true}\n')
    assert read_lines(events, offset)[0] == [{"step": 2, "again": True}]
