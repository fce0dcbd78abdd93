"""The server: the screens, the worker and the embedded engine in one process. `streamlit run app.py` finds `app`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from lib.config import settings
from lib.jobs.worker import Worker
from lib.migrations import migrate
from lib.providers.embedded import start_embedded, stop_embedded
from lib.ui import warm
from lib.ui.routes import ROUTES
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


app = st.App("lib/ui/shell.py", lifespan=lifespan, routes=ROUTES, on_script_error=report)
