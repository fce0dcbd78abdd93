"""Launches through a bad network by workers that die, held to one file pair and one job each by tests and bench."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import func, select, update

from lib import library
from lib.datasets.recipe import Recipe
from lib.db import JobRow, now, session
from lib.jobs import steps, worker
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.lease import Lease
from lib.jobs.worker import Worker
from lib.providers.provider import PROVIDERS
from tests.faults.proxy import LATE

CERTAIN = 10 * LATE
"""Seconds after which a request whose answer was lost can't take effect any more."""
HASTE = 0.01
"""A pause between steps is this much shorter than it would be."""
CLICKS = 3
PATIENCE = 600.0


class Killed(BaseException):
    """The process ended here. Nothing of ours catches it."""


def dataset() -> library.Version:
    """Store a version whose examples are trained and validated on."""
    records = [{"prompt": f"{n} ->", "completion": f" answer {n}\n"} for n in range(20)]
    return library.save_version("numbers", Recipe(stop="\n"), records, library.save_upload("numbers.csv", b"n\n"))


def click(launch_ids: list[str], version_id: str) -> None:
    """Launch each id from several threads at once, as impatient people do."""
    spec = LaunchSpec("engine", "starter", version_id, validation_fraction=0.2, seed=1)

    def press() -> None:
        for id in launch_ids:
            launch(id, spec)

    together([press] * CLICKS)


def ride_out(seed: int, deaths: float = 0.0, workers: int = 1) -> int:
    """Work until every launch has its job; return how many workers died.

    Args:
        seed: of the moments at which workers die.
        deaths: how likely a worker dies at any one of its writes: before it (nothing is recorded) or after it.
        workers: threads that work on the one database at the same time.
    """
    chance, dead, deadline = random.Random(seed), Counter[str](), time.monotonic() + PATIENCE  # noqa: S311

    def work() -> None:
        mine = Worker()
        while _without_job():
            assert time.monotonic() < deadline, f"{_without_job()} launches have no job yet"
            try:
                if not mine.run_once():
                    time.sleep(HASTE)
            except Killed:
                _expire(mine.owner)
                dead["workers"] += 1
                mine = Worker()

    with _in_haste(), _mortal(chance, deaths):
        together([work] * workers)
    return dead["workers"]


def together(acts: list[Callable[[], None]]) -> None:
    """Do all of it at the same time; raise what any of it raised."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()


def surplus(launch_ids: list[str], filenames: list[str], made: list[Any]) -> dict[str, int]:
    """Return what a service holds that is not one file pair and one job a launch: name -> how many of it."""
    wanted = Counter({f"tuneboard-{id}-{part}.jsonl": 1 for id in launch_ids for part in ("train", "valid")})
    wanted.update(launch_ids)
    held = Counter([*filenames, *made])
    return {name: held[name] for name in held.keys() | wanted.keys() if held[name] != wanted[name]}


@contextmanager
def _in_haste() -> Iterator[None]:
    """Shorten every pause, and how long a lost request is waited for."""
    certain = replace(PROVIDERS["engine"], confirm_seconds=CERTAIN)
    with (
        patch.dict(PROVIDERS, engine=certain),
        patch.object(worker, "take_step", lambda lease: HASTE * steps.take_step(lease)),
    ):
        yield


@contextmanager
def _mortal(chance: random.Random, deaths: float) -> Iterator[None]:
    """Let workers die at their writes."""
    save = Lease.save

    def save_or_die(lease: Lease, *lines: Any, **values: Any) -> None:
        if chance.random() < deaths / 2:
            raise Killed
        save(lease, *lines, **values)
        if chance.random() < deaths / 2:
            raise Killed

    with patch.object(Lease, "save", save_or_die):
        yield


def _expire(owner: str) -> None:
    """Let the leases of a worker that died run out."""
    with session() as opened:
        opened.execute(update(JobRow).where(JobRow.lease_owner == owner).values(lease_until=now() - 1))


def _without_job() -> int:
    with session() as opened:
        return opened.scalar(select(func.count()).select_from(JobRow).where(JobRow.remote_id.is_(None))) or 0
