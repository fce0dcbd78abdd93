"""The door: key, Host, Origin, sizes, and errors that are OpenAI's."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from lib.config import ROOT
from lib.engine.app import Engine
from lib.engine.door.guard import is_loopback
from tests.engine.support import KEY, TRAINER, WORKER, Running, client_of, run_here


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[Running]:
    """An engine on loopback without any key."""
    yield from run_here(Engine(tmp_path, trainer=TRAINER, worker=WORKER), tmp_path, "any")


AUTH = {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize("key", ["wrong", KEY + "x", KEY[:-1], "ключ".encode().decode("latin-1")])
def test_a_wrong_key_opens_nothing(engine: Running, key: str) -> None:
    answer = httpx2.get(f"{engine.url}/v1/models", headers={"Authorization": f"Bearer {key}".encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert key not in answer.text


def test_the_sdk_raises_its_own_error_without_the_right_key(engine: Running) -> None:
    with client_of(engine.url, "wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/v1/fine_tuning/jobs", "/nowhere"])
def test_without_a_key_not_even_the_paths_are_told(engine: Running, path: str) -> None:
    answer = httpx2.get(f"{engine.url}{path}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_needs_no_key_and_tells_no_secret(engine: Running) -> None:
    answer = httpx2.get(f"{engine.url}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "", "[::"]
)
def test_a_foreign_host_name_is_refused(engine: Running, host: str) -> None:
    address = urlsplit(engine.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
    connection.putrequest("GET", "/v1/models", skip_host=True)
    connection.putheader("Host", host)
    connection.putheader("Authorization", f"Bearer {KEY}")
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:9"])
def test_loopback_names_are_welcome(engine: Running, host: str) -> None:
    assert httpx2.get(f"{engine.url}/v1/models", headers=AUTH | {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_origin_gets_nothing(engine: Running, headers: dict[str, str]) -> None:
    answer = httpx2.post(f"{engine.url}/v1/files", headers=AUTH | headers, files={"file": b"x"})
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    preflight = httpx2.request("OPTIONS", f"{engine.url}/v1/files", headers=headers)
    assert preflight.status_code == 403


def test_the_engines_own_origin_is_welcome(engine: Running) -> None:
    assert httpx2.get(f"{engine.url}/v1/models", headers=AUTH | {"Origin": engine.url}).status_code == 200


def test_a_body_that_grows_too_large_on_the_way_is_refused(engine: Running) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(18):
            yield b" " * 1024 * 1024

    headers = AUTH | {"Content-Type": "application/json"}
    answer = httpx2.post(f"{engine.url}/v1/completions", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_a_body_that_claims_to_be_huge_is_refused_before_it_is_read(engine: Running) -> None:
    address = urlsplit(engine.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
    connection.putrequest("POST", "/v1/files")
    connection.putheader("Authorization", f"Bearer {KEY}")
    connection.putheader("Content-Length", str(2**40))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/embeddings", 404, "unknown_url"),
        ("GET", "/", 404, "unknown_url"),
        ("PATCH", "/v1/files", 405, "method_not_supported"),
        ("GET", "/v1/completions", 405, "method_not_supported"),
        ("DELETE", "/v1/fine_tuning/jobs/ftjob-x", 405, "method_not_supported"),
    ],
)
def test_what_is_not_there_is_said_in_openais_words(
    engine: Running, method: str, path: str, status: int, code: str
) -> None:
    answer = httpx2.request(method, f"{engine.url}{path}", headers=AUTH)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-request-id"].startswith("req_")


FORMS = {
    "multipart": {"files": {"file": ("train.jsonl", b"{}"), "purpose": (None, "fine-tune")}},
    "urlencoded": {"data": {"purpose": "fine-tune"}},
    "text": {"content": b'{"model": "starter"}', "headers": {"Content-Type": "text/plain; charset=utf-8"}},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", ["/v1/files", "/v1/fine_tuning/jobs", "/v1/fine_tuning/jobs/ftjob-x/cancel"])
def test_what_a_form_on_a_web_page_can_send_is_refused_even_without_keys(
    open_engine: Running, form: str, path: str
) -> None:
    """A browser of long ago tells neither where it comes from nor what it is about to do."""
    answer = httpx2.post(f"{open_engine.url}{path}", **FORMS[form])
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "missing_authorization"
    assert open_engine.client.files.list().data == []


def test_a_client_whose_engine_has_no_keys_may_send_any(open_engine: Running) -> None:
    assert open_engine.client.files.create(file=("a.jsonl", b"{}\n"), purpose="user_data").id
    assert httpx2.get(f"{open_engine.url}/v1/models").status_code == 200


@pytest.mark.skipif(find_spec("uvloop") is not None, reason="uvloop switches the delay off on every connection")
def test_answers_are_not_held_back_by_nagles_delay(engine: Running) -> None:
    """Asyncio switches the delay off only on sockets that say they are TCP."""
    assert engine.proto == socket.IPPROTO_TCP


def test_an_address_beyond_loopback_needs_a_key(tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "lib.engine", "--host", "0.0.0.0", "--home", str(tmp_path)],  # noqa: S104 - it must refuse
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 2
    assert started.stdout == ""
    assert "open to the network" in started.stderr


@pytest.mark.parametrize(("host", "local"), [("127.0.0.2", True), ("::1", True), ("10.0.0.1", False), ("host", False)])
def test_loopback_is_told_from_the_network(host: str, local: bool) -> None:
    assert is_loopback(host) is local
