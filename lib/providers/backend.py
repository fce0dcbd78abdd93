"""Everything that is asked of a backend, in one place. Every function raises only errors of `lib.providers.errors`."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from openai import OpenAI

from lib.errors import TuneboardError
from lib.providers import normalise
from lib.providers.client import TIMEOUT
from lib.providers.connections import Connection
from lib.providers.errors import BackendError, BadKey, NotAnApi, Refused, Unauthorized
from lib.providers.normalise import EventSnapshot, JobSnapshot, RemoteModel
from lib.providers.request import JobRequest
from lib.providers.transport import ask, ask_bytes

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
    answer = ask(connection, lambda client: client.models.with_raw_response.list(), timeout=timeout)
    return [normalise.model(item) for item in _items(connection, answer)]


def upload_file(connection: Connection, name: str, data: bytes, purpose: str = "fine-tune") -> str:
    """Upload a file and return its id. The caller makes sure that it happens once."""
    if connection.can.byte_order_mark and not data.startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data
    body: Any = {"file": (name, data), "purpose": purpose, "extra_headers": {"Idempotency-Key": name}}
    answer = ask(connection, lambda client: client.files.with_raw_response.create(**body), timeout=UPLOAD_TIMEOUT)
    return _id(connection, answer)


def find_file(connection: Connection, name: str, size: int | None = None, since: float = 0.0) -> str | None:
    """Return the id of the file with this name (and size) that was made after `since`, or None."""
    if size is not None and connection.can.byte_order_mark:
        size += len(codecs.BOM_UTF8)
    for item in _since(connection, since, lambda client, **where: client.files.with_raw_response.list(**where)):
        if item.get("filename") == name and size in {None, item.get("bytes", size)}:
            return normalise.text(item.get("id"))
    return None


def delete_file(connection: Connection, id: str) -> None:
    """Delete a file that was uploaded."""
    ask(connection, lambda client: client.files.with_raw_response.delete(id))


def file_content(connection: Connection, id: str) -> bytes:
    """Return the bytes of a file as the backend sends them."""
    return ask_bytes(connection, lambda client: client.files.with_raw_response.content(id), timeout=DOWNLOAD_TIMEOUT)


def create_job(connection: Connection, request: JobRequest, launch_id: str) -> JobSnapshot:
    """Create a fine-tuning job. The caller makes sure that it happens once.

    Args:
        request: what is to be trained.
        launch_id: sent as `metadata.launch_id` and as Idempotency-Key, and found again by `find_job`.
    """
    ours = {"metadata": {"launch_id": launch_id}, "extra_headers": {"Idempotency-Key": launch_id}}
    body: Any = request.body(connection.can, connection.extra) | ours
    answer = ask(
        connection, lambda client: client.fine_tuning.jobs.with_raw_response.create(**body), timeout=CREATE_TIMEOUT
    )
    return _job(connection, answer)


def try_job(connection: Connection) -> None:
    """Ask for a job on a model and a file that nobody has. It starts nothing; what is raised tells who may start one.

    OpenAI refuses accounts that may not train any more with 403 `training_not_available` whatever they ask for.
    """
    body: Any = JobRequest("no-such-model", "file-none", None, {"n_epochs": 1}).body(connection.can, connection.extra)
    ask(connection, lambda client: client.fine_tuning.jobs.with_raw_response.create(**body), timeout=CHECK_TIMEOUT)


def find_job(connection: Connection, launch_id: str, since: float = 0.0) -> JobSnapshot | None:
    """Return the job whose metadata carries this launch id and that was made after `since`, or None."""
    for item in _since(
        connection, since, lambda client, **where: client.fine_tuning.jobs.with_raw_response.list(**where)
    ):
        found = normalise.job(item)
        if found.id and found.metadata.get("launch_id") == launch_id:
            return found
    return None


def job(connection: Connection, id: str) -> JobSnapshot:
    """Return a job as it is now."""
    return _job(connection, ask(connection, lambda client: client.fine_tuning.jobs.with_raw_response.retrieve(id)))


def cancel_job(connection: Connection, id: str) -> JobSnapshot:
    """Ask the backend to cancel a job."""
    return _job(connection, ask(connection, lambda client: client.fine_tuning.jobs.with_raw_response.cancel(id)))


def pause_job(connection: Connection, id: str) -> JobSnapshot:
    """Ask the backend to pause a job."""
    return _job(connection, ask(connection, lambda client: client.fine_tuning.jobs.with_raw_response.pause(id)))


def resume_job(connection: Connection, id: str) -> JobSnapshot:
    """Ask the backend to let a paused job go on."""
    return _job(connection, ask(connection, lambda client: client.fine_tuning.jobs.with_raw_response.resume(id)))


def events(
    connection: Connection, id: str, known: Callable[[list[str]], set[str]] = lambda _ids: set()
) -> list[EventSnapshot]:
    """Return the events of a job that aren't `known`, oldest first.

    Args:
        known: which of these event ids the caller has already; lists come newest first, so the first known one
            ends the search where the backend keeps that order.
    """
    fresh: dict[str, EventSnapshot] = {}
    for page in _page_by_page(
        connection, lambda client, **where: client.fine_tuning.jobs.with_raw_response.list_events(id, **where)
    ):
        told = [normalise.event(item) for item in page]
        seen = known([event.id for event in told])
        fresh |= {event.id: event for event in told if event.id not in seen}
        if seen and connection.can.newest_first:
            break
    oldest_first = list(fresh.values())[::-1]  # reversed before it is sorted: many events share a second
    return sorted(oldest_first, key=lambda event: event.created_at)


def _job(connection: Connection, answer: dict[str, Any]) -> JobSnapshot:
    _id(connection, answer)
    return normalise.job(answer)


def _id(connection: Connection, answer: dict[str, Any]) -> str:
    """Return the id of an object; an answer without one is not the API's."""
    found = normalise.text(answer.get("id"))
    if found is None:
        raise NotAnApi(service=connection.title, detail=str(answer)[:200])
    return found


def _items(connection: Connection, answer: dict[str, Any]) -> list[dict[str, Any]]:
    data = answer.get("data")
    if not isinstance(data, list):
        raise NotAnApi(service=connection.title, detail=str(answer)[:200])
    return [item for item in data if isinstance(item, dict)]


def _since(connection: Connection, since: float, get: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Yield the items of a list; stop at a page older than `since`, with a day's grace for clocks that differ."""
    for page in _page_by_page(connection, get):
        yield from page
        made = [at for item in page if (at := normalise.moment(item.get("created_at")))]
        if connection.can.newest_first and made and max(made) < since - 86_400:
            return


def _page_by_page(connection: Connection, get: Callable[..., Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield pages until the backend says there are no more, or shows nothing new.

    The SDK's own iterator takes a missing `has_more` for "more": with a server that ignores `after` it never ends.
    """
    seen: set[str] = set()
    position: dict[str, str] = {}
    for _number in range(_PAGES):

        def act(client: OpenAI, position: dict[str, str] = position) -> Any:
            return get(client, limit=_PAGE, **position)

        answer = ask(connection, act)
        page = [item for item in _items(connection, answer) if str(item.get("id")) not in seen]
        yield page
        seen |= {str(item.get("id")) for item in page}
        if not page or not answer.get("has_more", True) or page[-1].get("id") is None:
            return
        position = {"after": str(page[-1]["id"])}
