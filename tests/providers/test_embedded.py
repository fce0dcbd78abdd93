"""The embedded engine is started, restarted when it dies, and never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib.config import ROOT, settings
from lib.providers import embedded
from lib.providers.connections import connection
from lib.providers.embedded import EmbeddedEngine, EngineStatus

LISTENS = "import json, sys; print(json.dumps({'event': 'listening', 'port': 4321}), flush=True); sys.stdin.read()"
DIES = "import sys; sys.stderr.write('no room left\\n'); sys.exit(3)"


@pytest.fixture
def engine() -> Iterator[Callable[[str], EmbeddedEngine]]:
    made: list[EmbeddedEngine] = []

    def start(program: str) -> EmbeddedEngine:
        made.append(EmbeddedEngine([sys.executable, "-c", program]))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


def test_it_is_ready_once_it_says_where_it_listens(engine: Callable[[str], EmbeddedEngine]) -> None:
    running = engine(LISTENS)
    assert running.wait_ready(20)
    url, key = running.endpoint() or ("", None)
    assert url == "http://127.0.0.1:4321/v1"
    assert key is not None
    assert len(key.get_secret_value()) > 30
    assert running.state().status == EngineStatus.READY


def test_a_killed_engine_is_started_again(engine: Callable[[str], EmbeddedEngine]) -> None:
    running = engine(LISTENS)
    assert running.wait_ready(20)
    killed = running.process_id() or 0
    os.kill(killed, signal.SIGKILL)
    until(lambda: running.state().restarts == 1 and running.endpoint() is not None)
    assert running.process_id() not in {killed, None}


def test_an_engine_that_cannot_start_is_down_and_says_its_last_words(
    engine: Callable[[str], EmbeddedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PAUSES", (0.0,))
    running = engine(DIES)
    until(lambda: running.state().status == EngineStatus.DOWN)
    assert running.state().detail == "exit 3. no room left"
    assert running.endpoint() is None
    assert "no room left" in (settings().home / "logs" / "engine.log").read_text()


def test_stop_leaves_no_process_behind(engine: Callable[[str], EmbeddedEngine]) -> None:
    running = engine(LISTENS)
    assert running.wait_ready(20)
    pid = running.process_id() or 0
    running.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (running.endpoint(), running.state().status) == (None, EngineStatus.DOWN)


def test_the_key_travels_in_the_environment_and_our_other_keys_do_not(
    engine: Callable[[str], EmbeddedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOARD_OPENAI_API_KEY", "sk-LEAK")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-LEAK")
    shows = "import os, sys; sys.stderr.write(repr(sorted(k for k in os.environ if '_KEY' in k)))"
    running = engine(shows)
    until(lambda: "KEY" in running.state().detail)
    assert "['TUNEBOARD_ENGINE_API_KEY']" in running.state().detail


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_it_ends_when_this_process_is_killed() -> None:
    program = (
        "import sys; from lib.providers.embedded import EmbeddedEngine; "
        f"e = EmbeddedEngine([sys.executable, '-c', {LISTENS!r}]); e.start(); e.wait_ready(20); "
        "print(e.process_id(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not alive(child))


def test_the_connection_follows_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connection("engine").base_url == ""
    running = EmbeddedEngine([sys.executable, "-c", LISTENS])
    monkeypatch.setattr(embedded, "_embedded", running)
    running.start()
    assert running.wait_ready(20)
    assert connection("engine").base_url == "http://127.0.0.1:4321/v1"
    embedded.stop_embedded()
    assert embedded.embedded() is None
    assert connection("engine").base_url == ""


def alive(pid: int) -> bool:
    """Return whether a process runs; one that ended but whom nobody has buried yet doesn't."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def until(true: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(400):
        if true():
            return
        tick.wait(0.05)
    raise AssertionError("it never came true")
