"""How long a page's script takes from top to bottom, beside an empty Streamlit page in the same run."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from streamlit.testing.v1 import AppTest

from lib import library
from lib.config import ROOT, settings
from lib.datasets.convert import convert
from lib.datasets.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.suggest import suggest_recipe
from lib.migrations import migrate
from tests.bench.figures import Figure

PAGES = ("home", "data", "train", "jobs", "results", "playground")
RERUNS = 25


def measure() -> Iterator[Figure]:
    """Yield p50 and p95 of a rerun of each page, with one dataset on the shelf."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["TUNEBOARD_HOME"] = home
        settings.cache_clear()
        migrate()
        fill()
        empty = times(AppTest.from_string("import streamlit as st\nst.title('x')"))
        for name in PAGES:
            app = AppTest.from_file(str(ROOT / "lib/ui/shell.py"), default_timeout=30).run()
            taken = times(app if name == "home" else app.switch_page(str(ROOT / "pages" / f"{name}.py")))
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


def fill() -> None:
    """Put the story sample on the shelf as a dataset version."""
    file: Path = next(s.file for s in SAMPLES if s.key == "stories")
    upload = library.save_upload(file.name, file.read_bytes())
    table = read_table(file.read_bytes(), file.name)
    recipe = suggest_recipe(table)
    library.save_version("stories", recipe, [e.record for e in convert(table, recipe).examples], upload)
