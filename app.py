"""The server: the screens, the worker and the embedded engine in one process. `streamlit run app.py` finds `app`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.config import settings
from lib.jobs.worker import Worker
from lib.migrations import migrate
from lib.providers.embedded import embedded, start_embedded, stop_embedded
from lib.ui import warm
from lib.ui.unexpected import report


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    migrate()
    if not settings().engine_url:
        start_embedded()
    worker = Worker()
    worker.start()
    warm.start()
    try:
        yield
    finally:
        await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(stop_embedded)


async def healthz(_request: Request) -> JSONResponse:
    engine = embedded()
    return JSONResponse({"status": "ok", "engine": engine.state().status if engine else "elsewhere"})


app = st.App("lib/ui/shell.py", lifespan=lifespan, routes=[Route("/healthz", healthz)], on_script_error=report)
