"""The server starts whole and ends whole."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.web.server.app_discovery import discover_asgi_app

from lib.config import ROOT
from scripts.browsing import Server, free_port


def test_streamlit_finds_the_app_by_reading_its_source() -> None:
    assert discover_asgi_app(ROOT / "app.py").import_string == "app:app"


def test_the_server_file_only_composes() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 45


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(home=tmp_path / "home", port=free_port())
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_the_engine_comes_with_the_server_comes_back_when_killed_and_goes_with_it(server: Server) -> None:
    until(lambda: health(server)["engine"] == "ready")
    assert (server.home / "tuneboard.db").exists()
    (first,) = engines(server)
    os.kill(first, signal.SIGKILL)
    until(lambda: engines(server) not in ([], [first]) and health(server)["engine"] == "ready")
    server.stop()
    assert engines(server) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_server_killed_at_once_leaves_no_engine_and_starts_again(server: Server) -> None:
    until(lambda: health(server)["engine"] == "ready")
    server.stop(signal.SIGKILL)
    until(lambda: engines(server) == [])
    server.start()
    until(lambda: health(server)["engine"] == "ready")


def health(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=5) as answer:  # noqa: S310 - our own
        told: dict[str, Any] = json.load(answer)
    return told


def engines(server: Server) -> list[int]:
    """Return the engine processes that work on this server's home."""
    home = f"--home\0{server.home}".encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if home in read(path)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended while we looked
        return b""


def until(true: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(300):
        if true():
            return
        tick.wait(0.1)
    raise AssertionError("it never came true")
