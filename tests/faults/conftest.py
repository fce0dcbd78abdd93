"""Tables, and a connection `engine` that leads through a bad network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lib import config
from lib.migrations import migrate
from lib.providers.client import close_clients
from tests.faults.proxy import Proxy, between

Through = Callable[..., Proxy]


@pytest.fixture
def through(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """Put a proxy before a service: `through(service.url, seed=7)`."""
    migrate()
    with ExitStack() as stack:

        def lead(url: str, seed: int, key: str = "") -> Proxy:
            proxy = stack.enter_context(between(url, seed))
            monkeypatch.setenv("TUNEBOARD_ENGINE_URL", proxy.url)
            monkeypatch.setenv("TUNEBOARD_ENGINE_API_KEY", key)
            config.settings.cache_clear()
            return proxy

        yield lead
        close_clients()
