"""What the server answers besides the screens: how it is, and webhooks of services."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.jobs import hooks
from lib.providers.embedded import embedded

LONGEST_HOOK = 64 * 1024
"""Bytes of a webhook; OpenAI's have a few hundred."""


async def healthz(_request: Request) -> Response:
    """Say that the server lives, and how the engine is."""
    engine = embedded()
    return JSONResponse({"status": "ok", "engine": engine.state().status if engine else "elsewhere"})


async def openai_hook(request: Request) -> Response:
    """Take a webhook: a job that has ended is looked at now."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_HOOK:
            return Response(status_code=413)
    try:
        await asyncio.to_thread(hooks.take, "openai", body, request.headers)
    except hooks.NotSigned:
        return Response(status_code=400)
    return Response(status_code=204)


ROUTES = [Route("/healthz", healthz), Route("/hooks/openai", openai_hook, methods=["POST"])]
