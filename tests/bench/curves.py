"""How long a result file of 100,000 rows takes from the address to a chart on screen, in a real browser.

The server is warm and has never seen the file; each tab is a new one. Beside it: the page with no file at all.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from lib import library
from lib.config import settings
from lib.migrations import migrate
from scripts.browsing import Server, chromium, free_port
from tests.bench.figures import Figure

ROWS = 100_000
TABS = 7
CHART = "[data-testid=stVegaLiteChart] :is(canvas, svg)"
PATIENCE = 60_000
"""Milliseconds after which a page is given up."""


def measure() -> Iterator[Figure]:
    """Yield p50 and the worst of the milliseconds to the chart."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ["TUNEBOARD_HOME"] = str(home)
        settings.cache_clear()
        migrate()
        files = [library.save_upload(f"{n}.csv", table(n)).sha256 for n in range(TABS)]
        server = Server(home, free_port())
        server.start()
        try:
            opened(browser, f"{server.url}/results", "h1")  # imports
            without = [opened(browser, f"{server.url}/results", "h1") for _tab in range(TABS)]
            charted = [opened(browser, f"{server.url}/results?file={sha}", CHART) for sha in files]
        finally:
            server.stop()
    beside = "the page without a file"
    yield Figure(f"chart of {ROWS:,} rows, p50", statistics.median(charted), statistics.median(without), "ms", beside)
    yield Figure(f"chart of {ROWS:,} rows, worst of {TABS}", max(charted), max(without), "ms", beside)


def table(number: int) -> bytes:
    """Return a result file of `ROWS` steps; each number makes another one."""
    rows = (
        f"{step},{3 / (1 + step / 9000) + (step * 7919 + number) % 97 / 400:.5f},{step / 2e5 + 0.3:.4f},"
        + (f"{3 / (1 + step / 9000) + 0.4:.5f}" if step % 1000 == 0 else "")
        for step in range(1, ROWS + 1)
    )
    return ("step,train_loss,train_accuracy,valid_loss\n" + "\n".join(rows) + "\n").encode()


def opened(browser: Browser, url: str, selector: str) -> float:
    """Open an address in a new tab; return the milliseconds until `selector` is to be seen."""
    tab = browser.new_page()
    start = time.perf_counter()
    tab.goto(url)
    tab.locator(selector).first.wait_for(state="visible", timeout=PATIENCE)
    taken = (time.perf_counter() - start) * 1000
    tab.close()
    return taken
