"""Lists that lie, health in words, requests in each dialect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib import config
from lib.providers import backend
from lib.providers.connections import Connection, connection, connections
from lib.providers.errors import NoSuchConnection
from lib.providers.provider import PROVIDERS
from lib.providers.request import JobRequest
from tests.fake_service import Service

REQUEST = JobRequest("starter", "file-1", None, {"n_epochs": 3}, suffix="s" * 80, seed=0)


def test_a_file_is_found_by_name_on_a_later_page(service: Service, at: Connection) -> None:
    wanted = backend.upload_file(at, "wanted.jsonl", b"{}\n")
    for number in range(150):
        service.files.insert(0, {"id": f"f{number}", "filename": "other.jsonl", "bytes": 3})
    assert backend.find_file(at, "wanted.jsonl", 3) == wanted
    assert backend.find_file(at, "wanted.jsonl", 4) is None
    assert backend.find_file(at, "unknown.jsonl") is None


def test_a_search_stops_at_lists_older_than_the_launch(service: Service, at: Connection) -> None:
    service.files = [{"id": f"f{n}", "filename": "old.jsonl", "created_at": 1000} for n in range(500)]
    assert backend.find_file(at, "wanted.jsonl", since=1_000_000.0) is None
    assert service.count("GET", "/files") == 1


def test_a_job_is_found_by_its_launch_id(service: Service, at: Connection) -> None:
    made = backend.create_job(at, REQUEST, "launch-1")
    backend.create_job(at, REQUEST, "launch-2")
    found = backend.find_job(at, "launch-1")
    assert found is not None
    assert found.id == made.id
    assert backend.find_job(at, "launch-3") is None


def test_a_create_carries_the_launch_id_as_idempotency_key(service: Service, at: Connection) -> None:
    backend.create_job(at, REQUEST, "launch-1")
    assert service.requests[-1][2]["idempotency-key"] == "launch-1"


def test_hyperparameters_go_where_the_service_wants_them() -> None:
    top = REQUEST.body(replace(PROVIDERS["engine"], hyperparameters="top", suffix_limit=18))
    assert top["hyperparameters"] == {"n_epochs": 3}
    assert "method" not in top
    assert (len(top["suffix"]), top["seed"]) == (18, 0)
    assert "validation_file" not in top


def test_a_healthy_backend_says_how_many_models_it_has(service: Service, at: Connection) -> None:
    health = backend.check(at)
    assert (health.ok, health.reachable, health.key_accepted, health.models) == (True, True, True, 1)


@pytest.mark.parametrize(
    ("fault", "reachable", "accepted"),
    [({"status": 401}, True, False), ({"status": 403}, True, True), ({"reset": True}, False, None)],
)
def test_health_says_what_works_and_what_does_not(
    service: Service, at: Connection, fault: dict[str, object], reachable: bool, accepted: bool | None
) -> None:
    service.fault("GET", "/models$", **fault)
    health = backend.check(at)
    assert (health.ok, health.reachable, health.key_accepted) == (False, reachable, accepted)


def test_openai_is_offered_only_with_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-ours")
    assert [found.id for found in connections()] == ["engine"]
    monkeypatch.setenv("TUNEBOARD_OPENAI_API_KEY", "sk-ours")
    config.settings.cache_clear()
    assert [found.id for found in connections()] == ["engine", "openai"]
    assert "sk-ours" not in repr(connections())


def test_a_connection_that_is_not_configured_is_named() -> None:
    with pytest.raises(NoSuchConnection, match="nowhere"):
        connection("nowhere")
