"""`/v1/fine_tuning/jobs/{id}/cancel`, `/pause` and `/resume`: what a client may do with a job that has not ended.

Promises that each is one step in the store, which the queue cannot undo; the trainer follows a moment later. What
cannot be done (twice, or after the end) is a 400: the SDK would retry a 409.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.errors import ApiError, invalid
from lib.engine.idempotency import once
from lib.engine.jobs import progress
from lib.engine.jobs.jobs import Wakers, asked_job
from lib.engine.jobs.progress import ACTIVE
from lib.engine.jobs.shown import job_object
from lib.engine.queue.forecast import outlook
from lib.engine.queue.turns import Rules
from lib.engine.store import Store
from lib.engine.tables import JobRow

Step = Callable[[Session, JobRow], None]


class Control:
    """The routes."""

    def __init__(self, store: Store, wakers: Wakers, rules: Rules) -> None:
        self._store = store
        self._wakers = wakers
        self._rules = rules

    def routes(self) -> list[Route]:
        """Return the routes that change a job."""
        job = "/v1/fine_tuning/jobs/{job_id}"
        return [Route(f"{job}/{act.__name__}", act, methods=["POST"]) for act in (self.cancel, self.pause, self.resume)]

    def cancel(self, request: Request) -> Response:
        """Give a job up."""
        answer, done = self._change(request, _cancel)
        if done:
            self._wakers.stopped(answer["id"])
        return JSONResponse(answer)

    def pause(self, request: Request) -> Response:
        """Let a job rest: it keeps its place and what it has learnt."""
        answer, done = self._change(request, _pause)
        if done:
            self._wakers.stopped(answer["id"])
        return JSONResponse(answer)

    def resume(self, request: Request) -> Response:
        """Let a paused job go on when its turn comes."""
        answer, done = self._change(request, _resume)
        if done:
            self._wakers.arrived()
        return JSONResponse(answer)

    def _change(self, request: Request, step: Step) -> tuple[dict[str, Any], bool]:
        """Take a step; return the job, and whether this request took it or only repeats one that did."""
        key = once(request, {})
        with self._store.writing() as session:
            row = asked_job(session, request)
            if given := key.recall(session):
                return given, False
            step(session, row)
            answer = job_object(row, outlook(session, row, self._rules))
            key.remember(session, answer)
            return answer, True


def _cancel(session: Session, row: JobRow) -> None:
    _check_active(row)
    progress.cancel(session, row)


def _pause(session: Session, row: JobRow) -> None:
    _check_active(row)
    if row.paused:
        raise _refused("This job is already paused.")
    progress.pause(session, row)


def _resume(session: Session, row: JobRow) -> None:
    _check_active(row)
    if not row.paused:
        raise _refused(f"This job is not paused: its status is '{row.status}'.")
    progress.resume(session, row)


def _check_active(row: JobRow) -> None:
    if row.status not in ACTIVE:
        raise _refused(f"This job has already ended: its status is '{row.status}'.")


def _refused(message: str) -> ApiError:
    return invalid(message, "fine_tuning_job_id", "invalid_job_status")
