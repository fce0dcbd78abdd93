"""A fake service and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from lib.migrations import migrate
from lib.providers.client import close_clients
from lib.providers.connections import Connection
from tests.fake_service import Service, running

KEY = "sk-SECRET-0123456789"


@pytest.fixture(autouse=True)
def tables(home: Path) -> None:
    migrate()


@pytest.fixture
def service() -> Iterator[Service]:
    with running() as served:
        yield served
        close_clients()


@pytest.fixture
def at(service: Service) -> Connection:
    return Connection("engine", "engine", "Fake", service.url, SecretStr(KEY))
