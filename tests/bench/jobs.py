"""The Jobs page with 5,000 jobs, 20 of them live: its first paint and its reruns, by the script's own time."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator

from streamlit.testing.v1 import AppTest

from lib.config import ROOT, settings
from lib.db import JobRow, now, session
from lib.migrations import migrate
from tests.bench.figures import Figure
from tests.bench.pages import p, times
from tests.pages import road
from tests.pages.backend import running

JOBS = 5000
LIVE = 20
STEPS = 100
FIRST_MS, RERUN_MS = 1000.0, 300.0
"""What is promised, in milliseconds."""


def measure() -> Iterator[Figure]:
    """Yield the first run of the page in a new session, and p95 of its reruns, beside what is promised."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, running() as engine:
        os.environ |= {"TUNEBOARD_HOME": home, "TUNEBOARD_ENGINE_URL": engine.url, "TUNEBOARD_ENGINE_API_KEY": "bench"}
        settings.cache_clear()
        migrate()
        fill()
        _open().run()  # imports
        app = _open()
        began = time.perf_counter()
        app.run()
        yield Figure("first paint of 5,000 jobs", (time.perf_counter() - began) * 1000, FIRST_MS, "ms", "promised")
        yield Figure("rerun of 5,000 jobs, p95", p(times(app), 95), RERUN_MS, "ms", "promised")


def fill() -> None:
    """Store the jobs: most have ended, a few run and have told steps."""
    version, ends = road.stories(), ("succeeded", "failed", "cancelled")
    with session() as opened:
        for number in range(JOBS):
            live = number < LIVE
            row = JobRow(
                id=f"job-{number}",
                name=f"Story teller {number}",
                connection="engine",
                model="starter",
                version_id=version.id,
                recipe=version.recipe.to_json(),
                status="running" if live else ends[number % 3],
                created_at=now() - number * 600,
                tags=["night"] if number % 5 == 0 else [],
                project=("museum", "school", "")[number % 3],
                estimate={"billed_tokens": 60_000, "dollars": 1.5, "minutes": 2.0},
                actual={} if live else {"tokens": 59_000, "dollars": 1.48, "minutes": 2.1},
                closed_at=None if live else now(),
            )
            opened.add(row)
    for number in range(LIVE):
        road.learn(f"job-{number}", STEPS, 2 * STEPS)


def _open() -> AppTest:
    """Return a new session that is about to open the page."""
    app = AppTest.from_file(str(ROOT / "lib/ui/shell.py"), default_timeout=30).run()
    return app.switch_page(str(ROOT / "pages" / "jobs.py"))
