"""Everything that is asked of a backend, in one place. Every function raises only errors of `lib.providers.errors`.

Where things are and what they look like is the `Wire` of the service; the requests are the same for all of them.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from httpx2 import Response
from openai import OpenAI

from lib.errors import TuneboardError
from lib.providers import normalise
from lib.providers.client import TIMEOUT
from lib.providers.connections import Connection
from lib.providers.errors import BackendError, BadKey, EmptyAnswer, OtherDialect, Refused, Unauthorized
from lib.providers.normalise import CheckpointSnapshot, EventSnapshot, JobSnapshot, RemoteModel
from lib.providers.request import JobRequest
from lib.providers.results import Results
from lib.providers.transport import ask, ask_bytes
from lib.providers.wire import Wire
from lib.providers.wires import WIRES

MISSING_OBJECT = frozenset({"model_not_found", "file_not_found", "resource_not_found"})
"""Codes of a 404 that is about what was named in a request, not about the route."""
CHECK_TIMEOUT = 5.0
UPLOAD_TIMEOUT = 600.0
CREATE_TIMEOUT = 30.0
DOWNLOAD_TIMEOUT = 120.0
_PAGE = 100
_PAGES = 1000
"""No list is followed further than this, whatever `has_more` says."""


@dataclass(frozen=True)
class Health:
    """What a connection test found."""

    reachable: bool
    key_accepted: bool | None
    models: int
    seconds: float
    error: TuneboardError | None = None

    @property
    def ok(self) -> bool:
        """Return whether work can be sent there."""
        return self.error is None


def check(connection: Connection) -> Health:
    """Ask the backend for its models and say what came of it. Never raises."""
    began = time.monotonic()
    try:
        found = models(connection, timeout=CHECK_TIMEOUT)
    except (BackendError, BadKey) as error:
        answered = isinstance(error, Refused)
        accepted = not isinstance(error, Unauthorized) if answered else None
        return Health(answered, accepted, 0, time.monotonic() - began, error)
    return Health(True, True, len(found), time.monotonic() - began)


def models(connection: Connection, *, timeout: float = TIMEOUT) -> list[RemoteModel]:
    """Return the models the backend offers."""
    answer = ask(connection, _get("models"), timeout=timeout)
    return [normalise.model(item) for item in _items(connection, answer)]


def upload_file(connection: Connection, name: str, data: bytes, purpose: str = "fine-tune") -> str:
    """Upload a file and return its id. The caller makes sure that it happens once."""
    if connection.can.byte_order_mark and not data.startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data
    wire = _wire(connection)
    send = _post(
        wire.upload,
        body=wire.upload_fields(name) | {"purpose": purpose},
        files=[("file", (name, data))],
        headers={"Content-Type": "multipart/form-data", "Idempotency-Key": name},
    )
    return _id(connection, ask(connection, send, timeout=UPLOAD_TIMEOUT))


def find_file(connection: Connection, name: str, size: int | None = None, since: float = 0.0) -> str | None:
    """Return the id of the file with this name (and size) that was made after `since`, or None."""
    if size is not None and connection.can.byte_order_mark:
        size += len(codecs.BOM_UTF8)
    for item in _since(connection, since, "files"):
        if item.get("filename") == name and size in {None, item.get("bytes", size)}:
            return normalise.text(item.get("id"))
    return None


def delete_file(connection: Connection, id: str) -> None:
    """Delete a file that was uploaded."""
    ask(connection, lambda client: client.delete(_path("files", id), cast_to=Response))


def file_content(connection: Connection, id: str) -> bytes:
    """Return the bytes of a file as the backend sends them."""
    return ask_bytes(connection, _get(_path("files", id, "content")), timeout=DOWNLOAD_TIMEOUT)


def create_job(connection: Connection, request: JobRequest, launch_id: str) -> JobSnapshot:
    """Create a fine-tuning job. The caller makes sure that it happens once.

    Args:
        request: what is to be trained.
        launch_id: sent as `metadata.launch_id` and as Idempotency-Key, and found again by `find_job`.
    """
    wire = _wire(connection)
    body = wire.body(request, connection.can, connection.extra)
    if wire.metadata:
        body = body | {"metadata": {**request.metadata, "launch_id": launch_id}}
    send = _post(wire.jobs, body=body, headers={"Idempotency-Key": launch_id})
    return _job(connection, ask(connection, send, timeout=CREATE_TIMEOUT))


def try_job(connection: Connection) -> None:
    """Ask for a job on a model and a file that nobody has. It starts nothing; what is raised tells who may start one.

    OpenAI refuses accounts that may not train any more with 403 `training_not_available` whatever they ask for.
    """
    wire, nobody = _wire(connection), JobRequest("no-such-model", "file-none", None, {"n_epochs": 1})
    body = wire.body(nobody, connection.can, connection.extra)
    ask(connection, _post(wire.jobs, body=body), timeout=CHECK_TIMEOUT)


def find_job(
    connection: Connection, launch_id: str, since: float = 0.0, training_file: str | None = None
) -> JobSnapshot | None:
    """Return the job of this launch that was made after `since`, or None.

    Its metadata carry the launch id. Not every service keeps metadata: where a job has none it is known by its
    training file, which is uploaded for one launch alone.
    """
    wire = _wire(connection)
    for item in _since(connection, since, wire.jobs):
        found = wire.job(item)
        named = found.metadata.get("launch_id")
        ours = named == launch_id if named else bool(training_file) and found.training_file == training_file
        if found.id and ours:
            return found
    return None


def job(connection: Connection, id: str) -> JobSnapshot:
    """Return a job as it is now."""
    return _job(connection, ask(connection, _get(_path(_wire(connection).jobs, id))))


def cancel_job(connection: Connection, id: str) -> None:
    """Ask the backend to cancel a job."""
    _tell(connection, id, "cancel")


def pause_job(connection: Connection, id: str) -> None:
    """Ask the backend to pause a job."""
    _tell(connection, id, "pause")


def resume_job(connection: Connection, id: str) -> None:
    """Ask the backend to let a paused job go on."""
    _tell(connection, id, "resume")


def events(
    connection: Connection, id: str, known: Callable[[list[str]], set[str]] = lambda _ids: set()
) -> list[EventSnapshot]:
    """Return the events of a job that aren't `known`, oldest first.

    Args:
        known: which of these event ids the caller has already; lists come newest first, so the first known one
            ends the search where the backend keeps that order.
    """
    wire, fresh = _wire(connection), dict[str, EventSnapshot]()
    for page in _page_by_page(connection, _path(wire.jobs, id, "events")):
        told = [wire.event(item) for item in page]
        seen = known([event.id for event in told])
        fresh |= {event.id: event for event in told if event.id not in seen}
        if seen and connection.can.newest_first:
            break
    if not connection.can.newest_first:
        return sorted(fresh.values(), key=_place)
    oldest_first = list(fresh.values())[::-1]  # reversed before it is sorted: many events share a second
    return sorted(oldest_first, key=lambda event: event.created_at)


def checkpoints(connection: Connection, job_id: str) -> list[CheckpointSnapshot]:
    """Return the checkpoints that a job left, by step."""
    wire = _wire(connection)
    pages = _page_by_page(connection, _path(wire.jobs, job_id, "checkpoints"))
    return sorted((wire.checkpoint(item) for page in pages for item in page), key=lambda kept: kept.step or 0)


def result(connection: Connection, told: JobSnapshot) -> bytes | None:
    """Return the metrics of a job that has ended, as a file that `lib.results` reads; None where there are none."""
    where, path = connection.can.results, _path(_wire(connection).jobs, told.id)
    if where == Results.FILES and told.result_files:
        return file_content(connection, told.result_files[0])
    if where == Results.METRICS:
        return _wire(connection).metrics(ask(connection, _get(f"{path}/metrics"), timeout=DOWNLOAD_TIMEOUT))
    if where == Results.CHECKPOINTS:
        return ask_bytes(connection, _get(f"{path}/checkpoints", limit=_PAGE))
    return None


def _wire(connection: Connection) -> Wire:
    return WIRES[connection.can.wire]


def _path(*parts: str) -> str:
    """Return a path; all parts but the first are names that a service gave, and may hold anything."""
    return "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])


def _get(path: str, **query: Any) -> Callable[[OpenAI], Response]:
    return lambda client: client.get(path, cast_to=Response, options={"params": query})


def _post(path: str, *, headers: dict[str, str] | None = None, **what: Any) -> Callable[[OpenAI], Response]:
    return lambda client: client.post(path, cast_to=Response, options={"headers": headers or {}}, **what)


def _tell(connection: Connection, id: str, verb: str) -> None:
    try:
        ask(connection, _post(_path(_wire(connection).jobs, id, verb)))
    except EmptyAnswer:
        return  # it took the word and has nothing to say; how the job is now is asked anyway


def _place(event: EventSnapshot) -> tuple[float, float, str]:
    """Return what to sort events by where the service keeps no order."""
    return event.created_at, normalise.number(event.data.get("step")) or 0.0, event.id


def _job(connection: Connection, answer: dict[str, Any]) -> JobSnapshot:
    _id(connection, answer)
    return _wire(connection).job(answer)


def _id(connection: Connection, answer: dict[str, Any]) -> str:
    """Return the id of an object; an answer without one is not the API's."""
    found = normalise.text(answer.get("id"))
    if found is None:
        raise OtherDialect(service=connection.title, detail=str(answer)[:200])
    return found


def _items(connection: Connection, answer: dict[str, Any]) -> list[dict[str, Any]]:
    data = answer.get("data")
    if not isinstance(data, list):
        raise OtherDialect(service=connection.title, detail=str(answer)[:200])
    return [item for item in data if isinstance(item, dict)]


def _since(connection: Connection, since: float, path: str) -> Iterator[dict[str, Any]]:
    """Yield the items of a list; stop at a page older than `since`, with a day's grace for clocks that differ."""
    for page in _page_by_page(connection, path):
        yield from page
        made = [at for item in page if (at := normalise.moment(item.get("created_at")))]
        if connection.can.newest_first and made and max(made) < since - 86_400:
            return


def _page_by_page(connection: Connection, path: str) -> Iterator[list[dict[str, Any]]]:
    """Yield pages until the backend says there are no more, or shows nothing new.

    The SDK's own iterator takes a missing `has_more` for "more": with a server that ignores `after` it never ends.
    """
    seen: set[str] = set()
    position: dict[str, str] = {}
    for _number in range(_PAGES):
        answer = ask(connection, _get(path, limit=_PAGE, **position))
        page = [item for item in _items(connection, answer) if str(item.get("id")) not in seen]
        yield page
        seen |= {str(item.get("id")) for item in page}
        if not page or not answer.get("has_more", True) or page[-1].get("id") is None:
            return
        position = {"after": str(page[-1]["id"])}
