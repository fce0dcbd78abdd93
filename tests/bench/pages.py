"""How long a page's script takes from top to bottom, beside an empty Streamlit page in the same run.

Every page has something to show: a file being prepared, a dataset version, a job of 500 steps, an answer.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Iterator

from streamlit.testing.v1 import AppTest

from lib import library
from lib.config import ROOT, settings
from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import suggest_recipe
from lib.migrations import migrate
from tests.bench.figures import Figure
from tests.pages import road
from tests.pages.backend import running

RERUNS = 25
STEPS = 500


def measure() -> Iterator[Figure]:
    """Yield p50 and p95 of a rerun of each page."""
    logging.disable(logging.WARNING)  # AppTest warns that it is no browser
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, running() as engine:
        os.environ |= {"TUNEBOARD_HOME": home, "TUNEBOARD_ENGINE_URL": engine.url, "TUNEBOARD_ENGINE_API_KEY": "bench"}
        settings.cache_clear()
        migrate()
        empty = times(AppTest.from_string("import streamlit as st\nst.title('x')"))
        for name, asked in fill().items():
            app = AppTest.from_file(str(ROOT / "lib/ui/shell.py"), default_timeout=30).run()
            if name != "home":
                app.switch_page(str(ROOT / "pages" / f"{name}.py"))
            for key, value in asked.items():
                app.query_params[key] = value
            taken = times(app)
            yield Figure(f"rerun of {name}, p50", p(taken, 50), p(empty, 50), "ms", "an empty page")
            yield Figure(f"rerun of {name}, p95", p(taken, 95), p(empty, 95), "ms", "an empty page")


def times(app: AppTest) -> list[float]:
    """Return the milliseconds of each rerun, the first (imports, caches) left out."""
    app.run()
    taken = []
    for _again in range(RERUNS):
        start = time.perf_counter()
        app.run()
        taken.append((time.perf_counter() - start) * 1000)
    if app.exception:
        raise RuntimeError(app.exception[0].message)
    return taken


def p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def fill() -> dict[str, dict[str, str]]:
    """Store what the pages will show; return page -> what its address names."""
    file = next(s.file for s in SAMPLES if s.key == "stories")
    upload = library.save_upload(file.name, file.read_bytes())
    table = read_table(file.read_bytes(), file.name)
    recipe = suggest_recipe(table)
    version = library.save_version("stories", recipe, [e.record for e in convert(table, recipe).examples], upload)
    draft = library.new_draft("data", {"sha256": upload.sha256, "name": upload.name})
    job = road.job(version, status="succeeded", tuned_model="ft:starter:bench", finished_at=time.time() - 7200)
    road.learn(job, STEPS, STEPS)
    return {
        "home": {},
        "data": {"draft": draft},
        "train": {"version": version.id},
        "jobs": {"job": job},
        "results": {"job": job},
        "playground": {"model": "ft:starter:bench"},
    }
