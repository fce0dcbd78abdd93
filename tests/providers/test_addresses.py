"""An address that a user typed leads to services, never to this machine or its cloud's own."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pydantic import SecretStr

from lib.providers import addresses, backend
from lib.providers.connections import Connection
from lib.providers.errors import ForbiddenAddress, Unreachable
from tests.fake_service import Service
from tests.providers.conftest import KEY


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://localhost/v1",
        "http://0.0.0.0/v1",
        "http://[::1]/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://[64:ff9b::a9fe:a9fe]/v1",
        "http://2130706433/v1",
        "http://127.1/v1",
        "http://169.254.169.254/latest/meta-data",
        "http://100.100.100.200/latest",
        "http://168.63.129.16/",
        "http://[fd00:ec2::254]/latest",
        "http://[fe80::1]/v1",
        "file:///etc/passwd",
        "ftp://example.com/v1",
        "http://user:secret@example.com/v1",
        "not a url",
        "http://",
    ],
)
def test_what_leads_to_this_machine_or_its_cloud_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        addresses.check(url)


@pytest.mark.parametrize("url", ["http://10.0.0.5:8000/v1", "https://192.168.1.20/v1", "https://93.184.216.34/v1"])
def test_a_team_address_is_allowed(url: str) -> None:
    addresses.check(url)


def test_a_name_is_refused_for_what_it_resolves_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(ForbiddenAddress):
        addresses.check("https://looks-fine.example/v1")


def test_a_name_that_answers_differently_when_it_counts_gains_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = service.url.rsplit(":", 1)[1].partition("/")[0]
    connection = Connection("x", "compatible", "X", f"http://rebound.example:{port}/v1", SecretStr(KEY), guarded=True)
    real = socket.getaddrinfo

    def rebound(host: str, *rest: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == "rebound.example" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with pytest.raises(Unreachable, match="may not be reached"):
        backend.models(connection)
    assert service.requests == []


def test_the_engine_and_the_operators_own_connections_may_be_here(service: Service) -> None:
    assert backend.models(Connection("engine", "engine", "Engine", service.url, SecretStr(KEY)))
