"""The next step of a job, whatever state it is found in. One step a claim, each recorded before the next.

Exactly once: before a request that must not happen twice, `sent_at` is written; the answer clears it. While it
stands, the request may still take effect, so the job is `confirming`: what was sent is looked up, by the launch id that
it carries, until the service can't be working on it any more. Only then it is sent again, under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lib import library
from lib.datasets import jsonl
from lib.datasets.split import split
from lib.db import now
from lib.errors import TuneboardError
from lib.i18n import N_
from lib.jobs import track
from lib.jobs.errors import BrokenVersion, TooFewToTrain
from lib.jobs.launch import job_request
from lib.jobs.lease import Lease, Line, note
from lib.jobs.records import Status
from lib.providers import backend
from lib.providers.connections import Connection, connection
from lib.providers.errors import ConnectionLost, RateLimited, Unreachable
from lib.providers.request import JobRequest

LONGEST_PAUSE = 30.0


def take_step(lease: Lease) -> float:
    """Do what comes next and record it; return the seconds until the step after it."""
    try:
        return _advance(lease)
    except RateLimited as problem:
        return later(lease, problem, problem.retry_after)
    except ConnectionLost as problem:
        return later(lease, problem)
    except TuneboardError as problem:
        if lease.job.remote_id is None and lease.job.sent_at is None:
            return _fail(lease, problem)
        return later(lease, problem)


def later(lease: Lease, problem: TuneboardError, pause: float | None = None) -> float:
    """Record what keeps us from the backend; return when to try again."""
    attempts = lease.job.attempts + 1
    lease.save(problem=problem.to_json(), attempts=attempts)
    # The engine is on this machine, and its restart takes seconds: don't sleep long after it.
    longest = 2.0 if lease.job.connection == "engine" else LONGEST_PAUSE
    return min(2.0 ** min(attempts - 1, 10), longest) if pause is None else pause


def _advance(lease: Lease) -> float:
    job, at = lease.job, connection(lease.job.connection)
    if job.remote_id is not None:
        return track.follow(lease, at, job.remote_id)
    if job.cancel_requested_at and job.sent_at is None:
        return _cancel_here(lease)
    for column, name, data in _files(lease, at):
        if getattr(job, column) is None:
            return _upload(lease, at, column, name, data)
    return _create(lease, at)


def _upload(lease: Lease, at: Connection, column: str, name: str, data: bytes) -> float:
    found = backend.find_file(at, name, len(data), since=lease.job.created_at)
    if found is None:
        if lease.job.sent_at is not None:
            return _look_again(lease, at)
        with _sending(lease, Status.UPLOADING):
            found = backend.upload_file(at, name, data)
    done = note(column, N_("File uploaded: {name}, {size} bytes."), name=name, size=len(data))
    lease.save(done, **{column: found}, sent_at=None, problem=None, attempts=0)
    return 0.0


def _create(lease: Lease, at: Connection) -> float:
    job = lease.job
    found = backend.find_job(at, job.id, since=job.created_at, training_file=job.training_file)
    if found is None:
        if lease.job.sent_at is not None:
            return _look_again(lease, at)
        with _sending(lease, Status.CREATING):
            found = backend.create_job(at, _request(lease), lease.job.id)
    done = note("created", N_("Job created at {service}: {id}."), service=at.title, id=found.id)
    lease.save(done, remote_id=found.id, status=found.status, sent_at=None, problem=None, attempts=0)
    return 0.0


@contextmanager
def _sending(lease: Lease, status: Status) -> Iterator[None]:
    """Write down that something is being sent; take it back where it is certain that nothing happened."""
    lease.save(status=status, sent_at=now())
    try:
        yield
    except Unreachable:
        lease.save(sent_at=None)
        raise
    except ConnectionLost:
        lost = N_("The answer was lost. It is looked up before anything is sent again.")
        lease.save(note(f"lost-{now()}", lost, "warn"), status=Status.CONFIRMING, sent_at=now())
        raise
    except TuneboardError:
        lease.save(sent_at=None)
        raise


def _look_again(lease: Lease, at: Connection) -> float:
    """Nothing is found of what was sent: go on looking, until it is certain that it never happened."""
    sent_at, attempts = lease.job.sent_at or 0.0, lease.job.attempts + 1
    if now() - sent_at < at.can.confirm_seconds:
        lease.save(status=Status.CONFIRMING, attempts=attempts, problem=None)
        return min(0.5 * 2.0 ** min(attempts, 10), 10.0)
    lease.save(sent_at=None, attempts=0)
    return 0.0


def _files(lease: Lease, at: Connection) -> list[tuple[str, str, bytes]]:
    """Return column, name at the backend and bytes of each file the job needs. The same every time: seeded."""
    data = library.version_bytes(lease.job.version_id)
    fraction = float(lease.job.settings.get("validation_fraction") or 0.0)
    training, validation = f"tuneboard-{lease.job.id}-train.jsonl", f"tuneboard-{lease.job.id}-valid.jsonl"
    if fraction <= 0:
        return [("training_file", training, data)]
    try:
        records = [record for _line, record in jsonl.read(data)]
    except jsonl.BrokenLine as problem:
        raise BrokenVersion(detail=str(problem)) from problem
    train, valid = split(records, fraction, int(lease.job.settings.get("seed") or 0))
    if len(train) < at.can.minimum_examples:
        raise TooFewToTrain(found=len(train), held_out=len(valid), minimum=at.can.minimum_examples, service=at.title)
    parts = [("training_file", training, train), ("validation_file", validation, valid)]
    return [(column, name, jsonl.write(part)) for column, name, part in parts if part]


def _request(lease: Lease) -> JobRequest:
    job = lease.job
    return job_request(job.model, job.settings, job.training_file or "", job.validation_file)


def _fail(lease: Lease, problem: TuneboardError) -> float:
    said, ended = note("failed", problem.what, "error", **problem.values), now()
    lines = [said, *_take_back(lease)]
    lease.save(*lines, status=Status.FAILED, error=problem.to_json(), problem=None, finished_at=ended, closed_at=ended)
    return 0.0


def _cancel_here(lease: Lease) -> float:
    """End a job that never began."""
    said = note("cancelled", N_("Cancelled before anything was started."))
    lines, ended = [said, *_take_back(lease)], now()
    lease.save(*lines, status=Status.CANCELLED, problem=None, finished_at=ended, closed_at=ended)
    return 0.0


def _take_back(lease: Lease) -> Iterator[Line]:
    """Delete the files that were uploaded for a job that will never be; tell of each that is left."""
    for id in filter(None, (lease.job.training_file, lease.job.validation_file)):
        try:
            backend.delete_file(connection(lease.job.connection), id)
        except TuneboardError as problem:
            left = N_("The uploaded file {id} could not be deleted at {service}: {detail}")
            told = {"id": id, "service": lease.job.connection, "detail": str(problem)}
            yield note(f"left-{id}", left, "warn", **told)
