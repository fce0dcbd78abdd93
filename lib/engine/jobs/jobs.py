"""`/v1/fine_tuning/jobs`: create, list, retrieve.

A job is one row from the moment it is accepted; the queue does the rest. Promises that a job whose creation was
answered survives any crash.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, null, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.bodies import read_body
from lib.engine.door.projects import project_of
from lib.engine.door.usage import check_disk
from lib.engine.errors import busy, invalid, no_job
from lib.engine.idempotency import Once, once
from lib.engine.ids import new_id, short_tag
from lib.engine.jobs.events import note
from lib.engine.jobs.progress import ACTIVE, find_job
from lib.engine.jobs.request import JobRequest
from lib.engine.jobs.shown import job_object
from lib.engine.limits import Limits
from lib.engine.models.models import Models
from lib.engine.paging import list_object, read_page, take
from lib.engine.queue.forecast import outlook
from lib.engine.queue.turns import Rules
from lib.engine.store import Store
from lib.engine.tables import FileRow, JobRow, MetadataRow


@dataclass(frozen=True)
class Wakers:
    """How the routes tell the queue, from whatever thread they run on, that a job wants work or wants none any more."""

    arrived: Callable[[], None]
    stopped: Callable[[str], None]


class Jobs:
    """The routes."""

    def __init__(self, store: Store, models: Models, wakers: Wakers, limits: Limits, rules: Rules) -> None:
        self._store = store
        self._models = models
        self._wakers = wakers
        self._limits = limits
        self._rules = rules

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/fine_tuning/jobs`."""
        return [
            Route("/v1/fine_tuning/jobs", self.create, methods=["POST"]),
            Route("/v1/fine_tuning/jobs", self.list, methods=["GET"]),
            Route("/v1/fine_tuning/jobs/{job_id}", self.retrieve, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Accept a job and let the queue know."""
        asked = await read_body(request, JobRequest)
        key = once(request, asked.model_dump())
        answer = await run_in_threadpool(self._add, asked, project_of(request), key)
        self._wakers.arrived()
        return JSONResponse(answer)

    def _add(self, asked: JobRequest, project: str, key: Once) -> dict[str, Any]:
        knobs = asked.knobs()
        with self._store.writing() as session:
            if given := key.recall(session):
                return given
            # Looked up while nobody else can write: a model that a job starts from is not deleted meanwhile.
            model = self._models.find(asked.model, project)
            if model is None:
                message = f"The model '{asked.model}' does not exist here: GET /v1/models lists those that do."
                raise invalid(message, "model", "model_not_found")
            asked.check_method(model.facts.methods)
            asked.check_context(knobs, model.facts.context)
            _check_files(session, asked, project)
            _check_room(session, project, self._limits)
            row = _new_row(asked, project, knobs.given())
            session.add(row)
            session.flush()
            session.add_all(MetadataRow(key=k, value=v, job_seq=row.seq) for k, v in (asked.metadata or {}).items())
            _announce(session, row)
            answer = job_object(row, outlook(session, row, self._rules))
            key.remember(session, answer)
            return answer

    def list(self, request: Request) -> Response:
        """List jobs, newest first, filtered by `metadata[key]=value`."""
        page = read_page(request, default=20, most=1000)
        where = [JobRow.project == project_of(request), *_metadata_filter(request)]
        with self._store.reading() as session:
            rows, more = take(session, JobRow, where, page)
            jobs = [job_object(row, outlook(session, row, self._rules)) for row in rows]
        return JSONResponse(list_object(jobs, more))

    def retrieve(self, request: Request) -> Response:
        """Return one job object."""
        with self._store.reading() as session:
            row = asked_job(session, request)
            return JSONResponse(job_object(row, outlook(session, row, self._rules)))


def asked_job(session: Session, request: Request) -> JobRow:
    """Return the job in the request's path; another project's is refused like one that is not there."""
    row = find_job(session, request.path_params["job_id"])
    if row.project != project_of(request):
        raise no_job(row.id)
    return row


def _new_row(asked: JobRequest, project: str, knobs: dict[str, Any]) -> JobRow:
    seed = asked.seed if asked.seed is not None else random.randrange(2**31)  # noqa: S311 - a seed, not a secret
    return JobRow(
        id=new_id("ftjob-"),
        project=project,
        model=asked.model,
        training_file=asked.training_file,
        validation_file=asked.validation_file,
        method=asked.method_type,
        hyperparameters=knobs,
        integrations=[each.model_dump() for each in asked.integrations or ()],
        priority=asked.tuneboard.priority if asked.tuneboard else 0,
        seed=seed,
        suffix=asked.suffix,
        tag=short_tag(),
        meta=asked.metadata,
    )


def _announce(session: Session, row: JobRow) -> None:
    note(session, row.id, f"Created fine-tuning job: {row.id}")
    files = f"training file: {row.training_file}"
    if row.validation_file:
        files += f" and validation file: {row.validation_file}"
    note(session, row.id, f"Validating {files}")
    if row.integrations:
        message = (
            "This engine sends nothing to Weights & Biases itself. When the job has ended, send its metrics with "
            f'WandbLogger.sync(fine_tune_job_id="{row.id}") of wandb.integration.openai.fine_tuning.'
        )
        note(session, row.id, message, "warn")


def _check_files(session: Session, asked: JobRequest, project: str) -> None:
    for param in ("training_file", "validation_file"):
        file_id = getattr(asked, param)
        if file_id is None:
            continue
        purpose = session.scalar(select(FileRow.purpose).where(FileRow.id == file_id, FileRow.project == project))
        if purpose is None:
            raise invalid(f"There is no file '{file_id}'. Upload it first.", param, "file_not_found")
        if purpose != "fine-tune":
            raise invalid(f"File '{file_id}' has purpose '{purpose}', not 'fine-tune'.", param, "invalid_file_purpose")


def _check_room(session: Session, project: str, limits: Limits) -> None:
    waiting = JobRow.status.in_(ACTIVE)
    for where, most in ([waiting], limits.jobs), ([waiting, JobRow.project == project], limits.project_jobs):
        active = session.scalar(select(func.count()).where(*where)) or 0
        if active >= most:
            raise busy(f"{active} jobs are waiting already. Try again later, or cancel some.", retry_after=60)
    check_disk(session, project, 0, limits)


def _metadata_filter(request: Request) -> list[ColumnElement[bool]]:
    """Read `metadata[key]=value`, which may be given more than once, or `metadata=null`: the jobs that have none."""
    found: list[ColumnElement[bool]] = []
    for name, value in request.query_params.multi_items():
        if name == "metadata" and value == "null":
            found.append(JobRow.meta.is_(null()))
        elif name == "metadata":
            raise invalid("Filter by 'metadata[key]=value', or by 'metadata=null'.", "metadata", "invalid_value")
        elif name.startswith("metadata[") and name.endswith("]"):
            pairs = select(MetadataRow.job_seq).where(MetadataRow.key == name[9:-1], MetadataRow.value == value)
            found.append(JobRow.seq.in_(pairs))
    return found
