"""A real server with a home of its own, and a real Chromium in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.browsing import Server, chromium, free_port

expect.set_options(timeout=30_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(home=tmp_path / "home", port=free_port())
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser profile; parametrize `context` indirectly with a locale to change the reader's language."""
    locale = getattr(request, "param", "en-US")
    opened = browser.new_context(locale=locale, viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A stranger's server, and what was asked of it."""
    asked: list[str] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    stranger = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=stranger.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{stranger.server_port}", asked
    stranger.shutdown()
    thread.join()
    stranger.server_close()
