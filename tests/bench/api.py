"""How quick the engine's API is, idle and while a job trains, beside a bare Starlette route on the same machine.

The bare route answers with the same bytes, asked in turns with the engine, so that a change in the machine's speed
meets both. The lists are long: 10,000 jobs (500 of them waiting), 100,000 events in one job, 1,000 tuned models.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
from sqlalchemy import insert

from lib.config import ROOT
from lib.engine.jobs.events import METRICS
from lib.engine.store import Store
from lib.engine.tables import EventRow, FileRow, JobRow, MetadataRow, ModelRow, now
from tests.bench.figures import Figure
from tests.bench.workbench import held

JOBS, WAITING, EVENTS, MODELS = 10_000, 500, 100_000, 1_000
ASKED = 200
STARTS = 3
BUSY = "ftjob-with-many-events"
HERE = "http://127.0.0.1"
AUTH = {"Authorization": "Bearer any"}
"""A form without it is refused: a web page could send that."""


@dataclass(frozen=True)
class Server:
    """A process that listens, and how long it took from its start to its first answer."""

    process: psutil.Process
    url: str
    seconds: float


def measure() -> Iterator[Figure]:
    """Yield all figures of the API."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home, body = Path(folder) / "home", Path(folder) / "body"
        body.write_text("{}")
        starts = [started(home, body) for _ in range(STARTS)]
        ours, bare = (statistics.median(seconds) for seconds in zip(*starts, strict=True))
        yield Figure("engine: start to healthy (bound 2 s)", ours, bare, "s", "a bare Starlette route")
        with engine(home) as here, plain(body) as other:
            time.sleep(1)
            megabytes = held(here.process) / 1e6, held(other.process) / 1e6
        yield Figure("engine: idle memory (bound 150 MB)", *megabytes, "MB", "a bare Starlette route")
        fill(home)
        with engine(home) as here:
            train(here, Path(folder) / "train.jsonl")
            yield from lists(here, body)


def started(home: Path, body: Path) -> tuple[float, float]:
    """Return the seconds until the engine and a bare server answer for the first time."""
    with engine(home) as here, plain(body) as other:
        return here.seconds, other.seconds


def lists(here: Server, body: Path) -> Iterator[Figure]:
    """Yield how long the lists take while a trainer runs; a page in the midst is asked for by its anchor."""
    job, events = "/v1/fine_tuning/jobs", f"/v1/fine_tuning/jobs/{BUSY}/events"
    page = httpx2.get(f"{here.url}{events}?limit=1000").json()["data"]
    deep = f"?after={page[-1]['id']}"
    for name, path in (
        ("10,000 jobs, a page (bound 50)", job),
        ("10,000 jobs, by metadata", f"{job}?metadata[launch_id]=l-7"),
        ("100,000 events, newest (bound 30)", events),
        ("100,000 events, midst (bound 30)", events + deep),
        ("100,000 events, 1,000 of them (30)", f"{events}{deep}&limit=1000"),
        ("1,000 tuned models", "/v1/models"),
    ):
        body.write_bytes(httpx2.get(f"{here.url}{path}").raise_for_status().content)
        with plain(body) as other:
            ours, bare = p95(here.url + path, other.url)
        yield Figure(f"training: {name}", ours, bare, "ms p95", "a bare route, the same bytes")


def p95(ours: str, bare: str) -> tuple[float, float]:
    """Return the milliseconds that 95 of 100 answers of each take, asked in turns over connections that stay open."""
    taken: tuple[list[float], list[float]] = ([], [])
    with httpx2.Client(timeout=30) as client:
        for turn in range(ASKED + 10):
            for url, seconds in zip((ours, bare), taken, strict=True):
                began = time.perf_counter()
                client.get(url).raise_for_status()
                if turn >= 10:
                    seconds.append(time.perf_counter() - began)
    first, second = (statistics.quantiles(seconds, n=20)[-1] * 1000 for seconds in taken)
    return first, second


@contextmanager
def engine(home: Path) -> Iterator[Server]:
    """Run an engine on a home."""
    with _server(["-m", "lib.engine", "--home", str(home), "--exit-with-parent"], "/healthz") as running:
        yield running


@contextmanager
def plain(body: Path) -> Iterator[Server]:
    """Run a server that answers everything with the same bytes."""
    with _server(["-m", "tests.bench.bare", str(body)], "/") as running:
        yield running


@contextmanager
def _server(command: list[str], path: str) -> Iterator[Server]:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("a server without pipes")
        url = f"{HERE}:{json.loads(child.stdout.readline())['port']}"
        httpx2.get(url + path).raise_for_status()
        yield Server(psutil.Process(child.pid), url, time.perf_counter() - began)
        child.stdin.close()
        child.wait()


def train(here: Server, path: Path) -> None:
    """Let a job train that does not end while we measure."""
    rows = ({"prompt": f"question {n} ->", "completion": f" answer {n}" * 20} for n in range(400))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with path.open("rb") as file:
        made = httpx2.post(f"{here.url}/v1/files", files={"file": file}, data={"purpose": "fine-tune"}, headers=AUTH)
    body = {
        "model": "starter",
        "training_file": made.raise_for_status().json()["id"],
        "hyperparameters": {"n_epochs": 50},
        "tuneboard": {"priority": 10},
    }
    job = httpx2.post(f"{here.url}/v1/fine_tuning/jobs", json=body, headers=AUTH).raise_for_status().json()["id"]
    while not _has_steps(f"{here.url}/v1/fine_tuning/jobs/{job}/events"):
        time.sleep(0.2)


def _has_steps(url: str) -> bool:
    return any(event["type"] == "metrics" for event in httpx2.get(url).json()["data"])


def fill(home: Path) -> None:
    """Store many jobs, events and models."""
    store = Store(home / "engine.db")
    with store.writing() as session:
        session.add(FileRow(id="file-many", filename="m.jsonl", purpose="fine-tune", bytes=100_000))
        session.execute(insert(JobRow), [_job(number) for number in range(JOBS)])
        metadata = [{"key": "launch_id", "value": f"l-{n}", "job_seq": n + 1} for n in range(JOBS)]
        session.execute(insert(MetadataRow), metadata)
        session.execute(insert(EventRow), [_event(number) for number in range(EVENTS)])
        session.execute(insert(ModelRow), [_model(home, number) for number in range(MODELS)])
    store.close()


def _job(number: int) -> dict[str, object]:
    return {
        "id": BUSY if number == 0 else f"ftjob-{number}",
        "model": "starter",
        "training_file": "file-many",
        "hyperparameters": {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 1.0},
        "seed": number,
        "tag": f"{number:08}",
        "meta": {"launch_id": f"l-{number}"},
        "status": "queued" if number >= JOBS - WAITING else "succeeded",
        "finished_at": None if number >= JOBS - WAITING else now(),
    }


def _event(number: int) -> dict[str, object]:
    data = {"step": number, "total_steps": EVENTS} | dict.fromkeys(METRICS, 1.25)
    message = f"Step {number}/{EVENTS}: training loss=1.25, validation loss=1.25, full validation loss=1.25"
    return {"id": f"ftevent-{number}", "job_id": BUSY, "type": "metrics", "message": message, "data": data}


def _model(home: Path, number: int) -> dict[str, object]:
    path = home / "jobs" / f"ftjob-{number}" / "model"
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"max_position_embeddings": 2048}')
    (path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    name = f"ft:starter:tuneboard::{number:08}"
    return {"id": name, "base": "starter", "path": str(path), "job_id": f"ftjob-{number}", "format": "completion"}
