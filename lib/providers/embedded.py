"""The embedded engine: a process of ours that is started, watched, restarted and stopped with the dashboard.

It listens on a free loopback port with a random key, and dies with us: it watches the other end of its stdin, which
the system closes however we end. What it writes to stderr goes to `logs/engine.log`. This module never imports it.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from typing import IO

from pydantic import SecretStr

from lib.config import ROOT, settings
from lib.db import now

log = logging.getLogger(__name__)

STARTUP_SECONDS = 60.0
STOP_SECONDS = 10.0
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each restart, as long as none of them lived to be ready."""
GIVE_UP_HOPE = 4
"""Failed starts in a row after which it is called down; it is still tried."""
_SECRETS_OF_OURS = (
    "TUNEBOARD_OPENAI_API_KEY",
    "TUNEBOARD_OPENAI_WEBHOOK_SECRET",
    "TUNEBOARD_DATABASE_URL",
    "TUNEBOARD_ENGINE_API_KEY",
    "TUNEBOARD_SECRET_KEY",
    "TUNEBOARD_CONNECTIONS",
)


class EngineStatus(StrEnum):
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    DOWN = "down"


@dataclass(frozen=True)
class EngineState:
    """How the embedded engine is. `since` is a time, `detail` the last words of a process that died."""

    status: EngineStatus
    since: float
    restarts: int
    detail: str = ""


class EmbeddedEngine:
    """Owns the process and the thread that watches it."""

    def __init__(self, command: list[str] | None = None) -> None:
        self._command = command or _command()
        self._key = SecretStr(secrets.token_urlsafe(32))
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._port: int | None = None
        self._state = EngineState(EngineStatus.STARTING, now(), 0)
        self._last_words: deque[str] = deque(maxlen=3)
        logs = settings().home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._log = RotatingFileHandler(logs / "engine.log", maxBytes=2_000_000, backupCount=2, delay=True)

    def start(self) -> None:
        """Start the engine and the thread that keeps it alive; return at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_alive, name="embedded-engine", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the engine for good; return when it is gone."""
        self._stopping.set()
        with self._changed:
            process = self._process
        if process:
            _end(process)
        if self._thread:
            self._thread.join(STOP_SECONDS)
        self._become(EngineStatus.DOWN, port=None)
        self._log.close()

    def endpoint(self) -> tuple[str, SecretStr] | None:
        """Return base URL and key, or None while it isn't ready."""
        with self._changed:
            return (f"http://127.0.0.1:{self._port}/v1", self._key) if self._port else None

    def state(self) -> EngineState:
        """Return how it is."""
        with self._changed:
            return self._state

    def process_id(self) -> int | None:
        """Return the process that serves now, or None while there is none."""
        with self._changed:
            return self._process.pid if self._process and self._process.poll() is None else None

    def wait_ready(self, timeout: float = STARTUP_SECONDS) -> bool:
        """Wait until it answers; return whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._port is not None, timeout)

    def _keep_alive(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            was_ready, detail = self._run_once()
            failures = 0 if was_ready else failures + 1
            if self._stopping.is_set():
                return
            log.warning("The embedded engine ended and is started again: %s", detail)
            status = EngineStatus.DOWN if failures >= GIVE_UP_HOPE else EngineStatus.RESTARTING
            self._become(status, port=None, restarts=self._state.restarts + 1, detail=detail)
            self._stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])

    def _run_once(self) -> tuple[bool, str]:
        """Run one process to its end; return whether it was ever ready, and its last words."""
        try:
            process = self._spawn()
        except OSError as problem:
            return False, str(problem)
        self._last_words.clear()
        readers = [_read(process.stderr, self._note), _read(process.stdout, self._hear)]
        alarm = threading.Timer(STARTUP_SECONDS, self._kill_unless_ready, (process,))
        alarm.daemon = True
        alarm.start()
        code = process.wait()
        alarm.cancel()
        was_ready = self.endpoint() is not None
        with self._changed:
            self._port = None
        for reader in readers:
            reader.join(1.0)  # a grandchild may hold the pipe open: don't wait for it
        _close(process.stdin)
        return was_ready, " ".join([f"exit {code}.", *self._last_words])

    def _spawn(self) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if k not in _SECRETS_OF_OURS and not k.startswith("OPENAI_")}
        environment["TUNEBOARD_ENGINE_API_KEY"] = self._key.get_secret_value()
        process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is ours to hear: we stop it in order
        )
        with self._changed:
            self._process = process
        if self._stopping.is_set():  # stop() may have looked for a process just before there was one
            _end(process)
        return process

    def _kill_unless_ready(self, process: subprocess.Popen[str]) -> None:
        if self.endpoint() is None:
            process.kill()

    def _note(self, line: str) -> None:
        self._last_words.append(line)
        self._log.emit(logging.makeLogRecord({"msg": line}))

    def _hear(self, line: str) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            told = {}
        if isinstance(told, dict) and told.get("event") == "listening" and not self._stopping.is_set():
            self._become(EngineStatus.READY, port=int(told["port"]))

    def _become(
        self, status: EngineStatus, *, port: int | None, restarts: int | None = None, detail: str | None = None
    ) -> None:
        with self._changed:
            old = self._state
            self._port = port
            self._state = EngineState(
                status, now(), old.restarts if restarts is None else restarts, old.detail if detail is None else detail
            )
            self._changed.notify_all()


def _command() -> list[str]:
    home = settings().engine_home
    return [
        *(sys.executable, "-m", "lib.engine", "--host", "127.0.0.1", "--port", "0"),
        *("--home", str(home), "--exit-with-parent"),
    ]


def _end(process: subprocess.Popen[str]) -> None:
    """Close the process's lifeline, then ask, then force."""
    _close(process.stdin)
    for force in (process.terminate, process.kill):
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            force()
    process.wait()


def _close(pipe: IO[str] | None) -> None:
    if pipe:
        pipe.close()


def _read(pipe: IO[str] | None, take: Callable[[str], None]) -> threading.Thread:
    """Give every line of a pipe to `take`, on a thread of its own, and close it at its end."""

    def drain() -> None:
        for line in pipe or ():
            take(line.rstrip())
        _close(pipe)

    thread = threading.Thread(target=drain, name="embedded-engine-output", daemon=True)
    thread.start()
    return thread


_lock = threading.Lock()
_embedded: EmbeddedEngine | None = None


def start_embedded() -> EmbeddedEngine:
    """Start the one engine of this process."""
    global _embedded  # noqa: PLW0603 - one process, one engine
    with _lock:
        if _embedded is None:
            _embedded = EmbeddedEngine()
            _embedded.start()
        return _embedded


def stop_embedded() -> None:
    """Stop it; nothing happens if there is none."""
    global _embedded
    with _lock:
        ours, _embedded = _embedded, None
    if ours:
        ours.stop()


def embedded() -> EmbeddedEngine | None:
    """Return the engine of this process; None if it runs elsewhere or wasn't started."""
    return _embedded
