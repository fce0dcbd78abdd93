"""How fast, and in how much memory, files are looked through, beside plain ways of doing the same.

Every time is that of a process of its own, the better of two; memory is that of a process and all of its helpers (PSS:
a page that several share counts once; where the system does not tell, RSS), looked at every 50 ms in a run of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from lib import stored_files
from lib.config import ROOT, settings
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.source import open_source
from lib.workbench import background
from tests.bench import corpus
from tests.bench.figures import Figure
from tests.bench.ways import MODEL

ROWS = 100_000
LARGEST = 512 * 2**20
"""Bytes of the largest file that OpenAI takes."""
PREFIXED, PREFIX = 5_000, 2_200
TIMES = 2
CORES = 2
"""Processes that share the work, ours and the plain way's."""


def measure() -> Iterator[Figure]:
    """Yield all figures of the workbench."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        many, large, alike = (Path(folder) / f"{name}.jsonl" for name in ("many", "large", "alike"))
        corpus.write_rows(many, ROWS)
        yield from times(many)
        corpus.write_prefixed(alike, PREFIXED, PREFIX)
        yield Figure(
            "5,000 long prefixes: all fixes (bound 1 s)",
            best("fixes", alike, CORES),
            best("prefix", alike),
            "s",
            "growing the prefix by a character",
        )
        yield Figure("100,000 rows: peak memory", memory("tokens", many), 250, "MB", "the bound")
        corpus.write_bytes(large, LARGEST)
        yield from whole(many, large, Path(folder))


def times(many: Path) -> Iterator[Figure]:
    """Yield what takes how long on 100,000 rows."""
    encode, one, two = best("encode", many, CORES), best("tokens", many, 1), best("tokens", many, CORES)
    checks_one, checks_two = best("checks", many, 1), best("checks", many, CORES)
    name = f"{ROWS:,} rows:"
    yield Figure(f"{name} checks (bound 1.5 s)", checks_two, best("parse", many), "s", "json.loads alone, one process")
    yield Figure(f"{name} checks, exact tokens (bound 1.15x)", two, encode, "s", "encode_ordinary alone")
    yield Figure(f"{name} checks, 1 process (bound 1.7x)", checks_one, checks_two, "s", "2 processes")
    yield Figure(f"{name} checks, tokens, 1 process (1.7x)", one, two, "s", "2 processes")
    yield Figure(f"{name} the notebook's way (bound 3x)", best("notebook", many), two, "s", "ours, 2 processes")
    yield Figure(f"{name} first estimate", best("first", many), 1, "s", "the bound")


def whole(many: Path, large: Path, folder: Path) -> Iterator[Figure]:
    """Yield how the largest file fares."""
    share = large.stat().st_size / many.stat().st_size
    yield Figure("512 MB: first estimate", best("first", large), 1, "s", "the bound")
    taken = best("tokens", large, CORES, times=1)
    yield Figure(
        "512 MB: checks, exact tokens", taken, best("tokens", many, CORES) * share, "s", "as 100,000 rows, by size"
    )
    yield Figure("512 MB: peak memory", memory("tokens", large), 400, "MB", "the bound")
    yield Figure("512 MB: until a cancel is done", cancelled(large, folder), 1, "s", "a second")


def best(way: str, path: Path, workers: int = 1, times: int = TIMES) -> float:
    """Return the seconds of the best of several runs."""
    return min(
        float(subprocess.run(command(way, path, workers), cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(times)
    )


def command(way: str, path: Path, workers: int) -> list[str]:
    """Return the command that times one way."""
    return [sys.executable, "-m", "tests.bench.ways", way, str(path), str(workers)]


def memory(way: str, path: Path) -> float:
    """Return the megabytes that a process and its helpers hold at most."""
    peak = 0.0
    with subprocess.Popen(command(way, path, CORES), cwd=ROOT, stdout=subprocess.DEVNULL) as child:
        root = psutil.Process(child.pid)
        while child.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, sum(map(held, [root, *root.children(recursive=True)])))
            time.sleep(0.05)
    return peak / 1e6


def held(process: psutil.Process) -> int:
    """Return the bytes that a process holds, shared ones in proportion; 0 for one that has just ended."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        info = process.memory_full_info()
        return getattr(info, "pss", 0) or info.rss
    return 0


def cancelled(path: Path, folder: Path) -> float:
    """Return the seconds from a cancel to the end of the last process, in the midst of the work."""
    os.environ["TUNEBOARD_HOME"] = str(folder / "home")
    settings.cache_clear()
    sha256, _size = stored_files.save_path(path)
    recipe = suggest_recipe(open_source(path, path.name, folder).table)
    spec = background.Spec("survey", sha256, path.name, {}, recipe, model=MODEL)
    key = background.start(spec)
    while (found := background.state(key)) == background.Running(0.0) or not isinstance(found, background.Running):
        time.sleep(0.05)
    began = time.perf_counter()
    background.cancel(key)
    return time.perf_counter() - began
