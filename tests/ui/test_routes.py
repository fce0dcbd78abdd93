"""The server's own routes."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.migrations import migrate
from lib.ui.routes import ROUTES


@pytest.fixture
def client(home: object) -> TestClient:
    migrate()
    return TestClient(Starlette(routes=ROUTES))


def test_health_tells_where_the_engine_is(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "engine": "elsewhere"}


def test_an_unsigned_or_endless_webhook_is_refused(client: TestClient) -> None:
    assert client.post("/hooks/openai", content=b"{}").status_code == 400
    assert client.post("/hooks/openai", content=b" " * 100_000).status_code == 413
