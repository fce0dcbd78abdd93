"""The inference worker's process, spoken to directly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lib.engine.answers.worker_process import Worker
from lib.engine.errors import ApiError
from tests.engine.support import WORKER


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    made = Worker(WORKER, most=2)
    yield made
    await made.stop()


def ask(tmp_path: Path, prompt: str) -> dict:
    return {"model": str(tmp_path), "prompt": prompt, "max_tokens": 100, "n": 1}


async def test_a_warm_worker_is_the_one_that_answers(worker: Worker, tmp_path: Path) -> None:
    await worker.warm()
    warmed = worker._process
    await worker.generate(ask(tmp_path, "hi"))
    assert warmed is not None
    assert worker._process is warmed


async def test_a_worker_that_cannot_be_warmed_troubles_nobody(tmp_path: Path) -> None:
    await Worker([str(tmp_path / "no-such-program")]).warm()


async def test_when_too_many_write_the_next_is_asked_to_come_back(worker: Worker, tmp_path: Path) -> None:
    streams = [await worker.generate(ask(tmp_path, "slow")) for _ in range(2)]
    with pytest.raises(ApiError) as refused:
        await worker.generate(ask(tmp_path, "hi"))
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "5"}
    streams[0].close()
    assert (await (await worker.generate(ask(tmp_path, "hi"))).next(5))["event"] == "start"


async def test_one_project_leaves_room_for_the_others(tmp_path: Path) -> None:
    worker = Worker(WORKER, most=3, most_of_project=2)
    try:
        own = [await worker.generate(ask(tmp_path, "slow"), "blue") for _ in range(2)]
        with pytest.raises(ApiError, match="for this project") as refused:
            await worker.generate(ask(tmp_path, "hi"), "blue")
        assert refused.value.status == 429
        assert (await (await worker.generate(ask(tmp_path, "hi"), "red")).next(5))["event"] == "start"
        own[0].close()
        await worker.generate(ask(tmp_path, "hi"), "blue")
    finally:
        await worker.stop()


async def test_a_quiet_worker_raises_a_timeout_and_goes_on(worker: Worker, tmp_path: Path) -> None:
    stream = await worker.generate(ask(tmp_path, "late a"))
    with pytest.raises(TimeoutError):
        await stream.next(0.01)
    assert (await stream.next(5))["event"] == "start"


async def test_a_command_that_cannot_start_is_an_error_not_a_hang(tmp_path: Path) -> None:
    broken = Worker([str(tmp_path / "no-such-program")])
    with pytest.raises(OSError, match="no-such-program"):
        await broken.generate(ask(tmp_path, "hi"))


async def test_a_worker_that_ends_at_once_fails_the_request(tmp_path: Path) -> None:
    import sys

    worker = Worker([sys.executable, "-c", "print('not json'); raise SystemExit(3)"])
    event = await (await worker.generate(ask(tmp_path, "hi"))).next(10)
    assert (event["event"], event["status"]) == ("error", 503)
    assert "exit code 3" in event["message"]


async def test_a_worker_that_lives_but_hangs_is_killed_and_the_next_request_gets_another(tmp_path: Path) -> None:
    import sys

    mark = tmp_path / "started"
    code = f"""
import json, pathlib, sys, time
mark = pathlib.Path({str(mark)!r})
again = mark.exists()
mark.touch()
ask = json.loads(sys.stdin.readline())
if not again:
    time.sleep(600)
print(json.dumps({{"id": ask["id"], "event": "done", "prompt_tokens": 1, "completion_tokens": 0}}), flush=True)
sys.stdin.read()
"""
    worker = Worker([sys.executable, "-c", code], patience=3)
    event = await (await worker.generate(ask(tmp_path, "hi"))).next(30)
    assert (event["event"], event["status"]) == ("error", 503)
    assert (await (await worker.generate(ask(tmp_path, "hi"))).next(30))["event"] == "done"
    await worker.stop()


async def test_a_worker_that_is_killed_ends_its_streams_and_the_next_request_gets_another(
    worker: Worker, tmp_path: Path
) -> None:
    stream = await worker.generate(ask(tmp_path, "slow a"))
    assert (await stream.next(10))["event"] == "start"
    assert worker._process is not None
    worker._process.kill()
    while (event := await stream.next(10))["event"] != "error":
        pass
    assert "exit code -9" in event["message"]
    assert (await (await worker.generate(ask(tmp_path, "hi"))).next(10))["event"] == "start"


async def test_a_reader_who_is_slow_gets_more_text_at_once(worker: Worker, tmp_path: Path) -> None:
    stream = await worker.generate(ask(tmp_path, " ".join("word" for _ in range(90))))
    while not stream._events or stream._events[-1]["event"] != "done":
        await asyncio.sleep(0.01)
    events = [await stream.next() for _ in range(len(stream._events))]
    assert len(events) < 15
    assert "".join(event.get("text", "") for event in events) == 90 * "word "
