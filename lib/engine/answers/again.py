"""An answer that was given under an `Idempotency-Key` is given again, byte for byte: a stream as the same stream.

Promises that a copy which arrives while the first is still being answered is asked to come back, and that only what
was answered to its end is kept: a refusal, a stream that broke off or was left leaves its key free. An answer above
`MOST_BYTES` is not kept, and of the others only the newest `MOST_KEPT` of a project on a route: who asks for more
is answered anew. A request without the header passes untouched.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import and_, delete, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from lib.engine.answers.sse import DONE, EVENT_STREAM, KEEP_ALIVE
from lib.engine.errors import busy
from lib.engine.idempotency import Once, once
from lib.engine.limits import MIB
from lib.engine.store import Store
from lib.engine.tables import ReplayRow

MOST_BYTES = MIB
MOST_KEPT = 256
COME_BACK_SECONDS = 2
LAST_CHARACTER = "\U0010ffff"


class Again:
    """What was answered before, and what is being answered now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: set[str] = set()

    async def respond(
        self, request: Request, contents: Callable[[], dict[str, Any]], answer: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return the answer to a request, which `contents` describes: the one given before, or the one made now."""
        if not request.headers.get("idempotency-key"):
            return await answer()
        key = once(request, contents())
        if key.key in self._under_way:
            raise busy("A request with this Idempotency-Key is still being answered.", COME_BACK_SECONDS)
        self._under_way.add(key.key)
        try:
            if told := await run_in_threadpool(self._recall, key):
                self._under_way.discard(key.key)
                return Response(told["body"], media_type=told["media"])
            made = await answer()
            return _Kept(made, lambda told: self._remember(key, told), lambda: self._under_way.discard(key.key))
        except BaseException:
            self._under_way.discard(key.key)
            raise

    def _recall(self, key: Once) -> dict[str, Any] | None:
        with self._store.reading() as session:
            return key.recall(session)

    def _remember(self, key: Once, told: dict[str, Any]) -> None:
        prefix = key.key[: key.key.index(" ", key.key.index(" ") + 1) + 1]  # project and path have no space in them
        of_route = and_(ReplayRow.key >= prefix, ReplayRow.key < prefix + LAST_CHARACTER)
        newest = select(ReplayRow.key).where(of_route).order_by(ReplayRow.created_at.desc()).limit(MOST_KEPT)
        with self._store.writing() as session:
            key.remember(session, told)
            session.flush()
            session.execute(delete(ReplayRow).where(of_route, ReplayRow.key.not_in(newest)))


class _Kept(Response):
    """A response that is kept as it is sent, before its last bytes go out."""

    def __init__(self, inner: Response, keep: Callable[[dict[str, Any]], None], release: Callable[[], None]) -> None:
        self._inner = inner
        self._keep = keep
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []
        size = 0
        media = self._inner.headers["content-type"]
        streams = media.startswith(EVENT_STREAM)

        async def keeping(message: Message) -> None:
            nonlocal size
            part = message.get("body", b"")
            if part and part != KEEP_ALIVE and size <= MOST_BYTES:
                parts.append(part)
                size += len(part)
                if (part == DONE or not streams) and size <= MOST_BYTES:
                    await run_in_threadpool(self._keep, {"body": b"".join(parts).decode(), "media": media})
            await send(message)

        try:
            await self._inner(scope, receive, keeping)
        finally:
            self._release()
