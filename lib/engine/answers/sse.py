"""Server-sent events: frames on the wire, and a response that notices when its reader has gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
EVENT_STREAM = "text/event-stream"

T = TypeVar("T")


def frame(value: dict[str, Any]) -> bytes:
    """Return one event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def event_stream(frames: AsyncIterator[bytes]) -> StreamingResponse:
    """Return a response that sends frames as they come; proxies are asked not to hold them back."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames, media_type=EVENT_STREAM, headers=headers)


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do `work`, but drop it as soon as the client closes its connection."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
