"""Whatever a backend answers, one of our errors comes out, and never the key."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from lib.errors import TuneboardError
from lib.providers import backend, errors
from lib.providers.connections import Connection
from tests.fake_service import Service
from tests.providers.conftest import KEY

SAID = '{"error": {"message": "the reason", "code": "some_code"}}'


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400, "body": SAID}, errors.Refused),
        ({"status": 401, "body": SAID}, errors.Unauthorized),
        ({"status": 403, "body": SAID}, errors.NotAllowed),
        ({"status": 404, "body": SAID}, errors.NotFound),
        ({"status": 404, "body": "<html>", "headers": {"Content-Type": "text/html"}}, errors.WebPage),
        ({"status": 409, "body": SAID}, errors.Busy),
        ({"status": 429, "body": SAID}, errors.RateLimited),
        ({"status": 429, "body": SAID.replace("some_code", "insufficient_quota")}, errors.OutOfCredit),
        ({"status": 500, "body": SAID}, errors.BackendTrouble),
        ({"status": 302, "headers": {"Location": "http://evil.example/"}}, errors.Redirected),
        ({"status": 200, "body": "<html><title>Log in</title>"}, errors.WebPage),
        ({"status": 200, "body": '{"data": [{"id": "cut'}, errors.NotAnApi),
        ({"status": 200, "body": '["a list"]'}, errors.OtherDialect),
        ({"status": 200, "body": '{"models": []}'}, errors.OtherDialect),
        ({"status": 200, "body": ""}, errors.EmptyAnswer),
        ({"status": 200, "body": "[" * 100_000}, errors.NotAnApi),
        ({"reset": True}, errors.ConnectionLost),
    ],
)
def test_every_bad_answer_has_its_own_error(
    service: Service, at: Connection, fault: dict[str, Any], kind: type[TuneboardError]
) -> None:
    service.fault("GET", "/models$", **fault)
    with pytest.raises(kind) as caught:
        backend.models(at)
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [SAID, '{"detail": "the reason"}', '{"error": "the reason"}', "the reason"])
def test_the_reason_is_found_wherever_a_service_puts_it(service: Service, at: Connection, body: str) -> None:
    service.fault("GET", "/models$", status=400, body=body)
    with pytest.raises(errors.Refused, match="the reason"):
        backend.models(at)


def test_a_reason_that_echoes_the_key_is_cleaned(service: Service, at: Connection) -> None:
    service.fault("GET", "/models$", status=401, body=f'{{"error": {{"message": "Incorrect API key: {KEY}"}}}}')
    with pytest.raises(errors.Unauthorized) as caught:
        backend.models(at)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in str(caught.value.to_json())


def test_a_long_reason_is_one_line_of_bounded_length(service: Service, at: Connection) -> None:
    service.fault("GET", "/models$", status=400, body="x\n" * 5000)
    with pytest.raises(errors.Refused) as caught:
        backend.models(at)
    detail = str(caught.value.values["detail"])
    assert len(detail) <= 301
    assert "\n" not in detail


def test_nothing_that_listens_is_unreachable_and_nothing_was_sent() -> None:
    with pytest.raises(errors.Unreachable):
        backend.models(Connection("engine", "engine", "Nobody", "http://127.0.0.1:9/v1", SecretStr("k")))


@pytest.mark.parametrize("url", ["not a url", "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_is_our_error_too(url: str) -> None:
    with pytest.raises(errors.BackendError):
        backend.models(Connection("engine", "engine", "Nobody", url, SecretStr("k")))


@pytest.mark.parametrize("key", ["sk-line\nbreak", "sk-ключ", "sk-in ner"])
def test_a_key_that_no_header_can_hold_is_refused_before_it_is_sent(service: Service, key: str) -> None:
    with pytest.raises(errors.BadKey) as caught:
        backend.models(Connection("engine", "engine", "Fake", service.url, SecretStr(key)))
    assert key not in "".join(traceback.format_exception(caught.value))
    assert service.requests == []


def test_a_key_with_blanks_around_it_is_sent_without_them(service: Service) -> None:
    backend.models(Connection("engine", "engine", "Fake", service.url, SecretStr(f" {KEY}\n")))
    assert service.requests[0][2]["authorization"] == f"Bearer {KEY}"


def test_an_engine_that_is_not_ready_is_down() -> None:
    with pytest.raises(errors.EngineDown):
        backend.models(Connection("engine", "engine", "Engine", "", SecretStr("")))


def test_nothing_of_the_environment_leaks_to_a_service(
    service: Service, at: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"OPENAI_{name}", "LEAK")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: LEAK\nAuthorization: Bearer LEAK")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    backend.models(at)
    backend.models(Connection("engine", "engine", "No key", service.url, SecretStr("")))
    assert "LEAK" not in str(service.requests)
    assert service.requests[0][2]["authorization"] == f"Bearer {KEY}"


def test_a_redirect_does_not_carry_the_key_away(service: Service, at: Connection) -> None:
    service.fault("GET", "/models$", status=307, headers={"Location": f"{service.url}/elsewhere"})
    with pytest.raises(errors.NotAnApi):
        backend.models(at)
    assert [path for _method, path, _headers in service.requests] == ["/v1/models"]


@pytest.mark.parametrize(
    "send",
    [lambda at: backend.upload_file(at, "a.jsonl", b"{}\n"), lambda at: backend.cancel_job(at, "ftjob-1")],
)
def test_nothing_is_retried_behind_our_back(service: Service, at: Connection, send: Any) -> None:
    service.fault("POST", ".", status=500, times=5, body=SAID)
    with pytest.raises(errors.BackendTrouble):
        send(at)
    assert len(service.requests) == 1


def test_an_error_survives_storage(service: Service, at: Connection) -> None:
    service.fault("GET", "/models$", status=429, headers={"Retry-After": "7"}, body=SAID)
    with pytest.raises(errors.RateLimited) as caught:
        backend.models(at)
    again = TuneboardError.from_json(caught.value.to_json())
    assert isinstance(again, errors.RateLimited)
    assert (again.retry_after, str(again)) == (7.0, str(caught.value))
