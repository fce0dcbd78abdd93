"""A real server on a free port, with a home of its own, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from lib.config import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SECONDS_TO_START = 60

expect.set_options(timeout=30_000)


@dataclass
class Server:
    """`streamlit run app.py`, startable again on the same home and port, as after a crash."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**os.environ, "TUNEBOARD_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        command += ["--server.port", str(self.port), "--server.address", "127.0.0.1"]
        log = (self.home.parent / "server.log").open("ab")
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        log.close()
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:  # noqa: S310 - our own
                    if answer.status == 200:
                        return
            except OSError:
                if time.monotonic() > deadline:
                    pytest.fail((self.home.parent / "server.log").read_text("utf-8", "replace")[-4000:])
                time.sleep(0.2)

    def stop(self, sign: int = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(sign)
            self.process.wait(timeout=30)
            self.process = None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(home=tmp_path / "home", port=free_port())
    running.home.mkdir()
    running.start()
    yield running
    running.stop()


def executable(playwright: Playwright) -> str | None:
    """Return the system's Chromium; None lets Playwright use its own, when that is installed."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable(playwright), args=QUIET)
        yield opened
        opened.close()


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
