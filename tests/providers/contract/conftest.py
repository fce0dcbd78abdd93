"""A connection to one fake service after the other, and launches that go there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib import config, library
from lib.datasets.recipe import Recipe
from lib.db import new_id
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.records import Job
from lib.providers.client import close_clients
from lib.providers.connections import Connection, connection
from lib.providers.provider import PROVIDERS
from tests.fake_service import Service, running
from tests.providers.fakes import DIALECTS


@dataclass(frozen=True)
class There:
    """A service, and the way to it."""

    provider: str
    service: Service

    @property
    def at(self) -> Connection:
        return connection("there")

    def launch(self, **values: Any) -> Job:
        """Launch a job of twenty examples, four of them held out."""
        records = [{"prompt": f"{n} ->", "completion": f" answer {n}\n"} for n in range(20)]
        version = library.save_version("numbers", Recipe(stop="\n"), records, library.save_upload("numbers.csv", b"x"))
        spec = {"connection": "there", "model": "starter", "version_id": version.id, "validation_fraction": 0.2}
        return launch(new_id(), LaunchSpec(**(spec | values)))


@pytest.fixture
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    """Serve what the test's parameter names: a provider's id."""
    provider = str(request.param)
    with running(DIALECTS[provider]()) as service:
        file = tmp_path / "connections.yaml"
        entry = {"id": "there", "provider": provider, "title": "There", "base_url": service.url, "key": "sk-there"}
        file.write_text(yaml.safe_dump([entry]))
        monkeypatch.setenv("TUNEBOARD_CONNECTIONS", str(file))
        monkeypatch.setitem(PROVIDERS, provider, replace(PROVIDERS[provider], confirm_seconds=0.0))
        config.settings.cache_clear()
        yield There(provider, service)
        close_clients()
