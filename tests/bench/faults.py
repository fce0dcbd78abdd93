"""A thousand launches through a bad network with dying workers: how many jobs and files the service ends up with."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator

from lib.config import settings
from lib.migrations import migrate
from lib.providers.client import close_clients
from tests.bench.figures import Figure
from tests.fake_service import running
from tests.faults import storm
from tests.faults.proxy import between

LAUNCHES = 1000
WORKERS = 4
DEATHS = 0.03
SEED = 11


def measure() -> Iterator[Figure]:
    """Yield jobs and files beside what was asked for, and how rough the way was."""
    logging.disable(logging.WARNING)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        running() as service,
        between(service.url, SEED) as proxy,
    ):
        os.environ |= {"TUNEBOARD_HOME": home, "TUNEBOARD_ENGINE_URL": proxy.url, "TUNEBOARD_ENGINE_API_KEY": "bench"}
        settings.cache_clear()
        migrate()
        ids = [f"launch-{number}" for number in range(LAUNCHES)]
        storm.click(ids, storm.dataset().id)
        dead = storm.ride_out(SEED, DEATHS, WORKERS)
        proxy.settle()
        close_clients()
        names = [file["filename"] for file in service.files]
        made = [job["metadata"]["launch_id"] for job in service.jobs]
        yield Figure("jobs made", len(made), LAUNCHES, "jobs", "launches, each clicked three times")
        yield Figure("files made", len(names), 2 * LAUNCHES, "files", "a training and a validation file each")
        yield Figure("jobs and files too many or too few", len(storm.surplus(ids, names, made)), 0, "names", "none")
        faults = proxy.fates.total() - proxy.fates["through"]
        yield Figure("requests that met a fault", faults, proxy.fates.total(), "requests", "all requests")
        yield Figure("workers that died", dead, WORKERS, "workers", "that worked at a time")
