"""A connection test says what works, and names what answers in place of the API."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from lib.providers.connections import Connection
from lib.providers.inspection import inspect
from tests.fake_service import Service

NOBODY = '{"error": {"message": "no such model", "code": "model_not_found"}}'


def sentences(at: Connection) -> list[tuple[str, bool | None]]:
    return [(finding.sentence.format(**finding.values), finding.works) for finding in inspect(at)]


def test_a_service_that_works_is_told_line_by_line(service: Service, at: Connection) -> None:
    service.fault("POST", "/jobs$", status=404, body=NOBODY)
    assert sentences(at) == [
        ("Fake can be reached.", True),
        ("The key is accepted.", True),
        ("Models offered: 1.", True),
        ("Fine-tuning jobs can be started.", True),
    ]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 200, "body": "<!doctype html><title>Log in</title>"}, "A web page is at this address"),
        ({"status": 404, "body": "<html>", "headers": {"Content-Type": "text/html"}}, "A web page is at this address"),
        ({"status": 302, "headers": {"Location": "https://login.example/"}}, "This address sends us to another one."),
        ({"status": 200, "body": '{"models": ["llama"]}'}, "does not speak OpenAI's protocol"),
        ({"status": 200, "body": '["llama"]'}, "does not speak OpenAI's protocol"),
        ({"status": 200, "body": ""}, "answers with nothing"),
        ({"status": 200, "body": '{"data": [{"id'}, "it is not the API"),
        ({"reset": True}, "does not answer"),
        ({"status": 502, "body": "<html>Bad gateway</html>"}, "has a problem on its side"),
    ],
)
def test_what_answers_in_place_of_the_api_is_named(
    service: Service, at: Connection, fault: dict[str, Any], sentence: str
) -> None:
    service.fault("GET", "/models$", **fault)
    ((said, works),) = sentences(at)
    assert sentence in said
    assert works is False


def test_an_address_where_nobody_is_cannot_be_reached() -> None:
    nobody = Connection("engine", "engine", "Nobody", "http://127.0.0.1:9/v1", SecretStr("k"))
    assert sentences(nobody) == [("Nobody can't be reached.", False)]


@pytest.mark.parametrize(
    ("fault", "sentence", "works"),
    [
        (
            {"status": 403, "body": '{"error": {"message": "No.", "code": "training_not_available"}}'},
            "may not start",
            False,
        ),
        ({"status": 404, "body": '{"detail": "Not Found"}'}, "it can only answer", False),
        ({"status": 400, "body": '{"error": {"message": "no such file"}}'}, "can be started", True),
        ({"status": 500, "body": "{}"}, "is not known", None),
    ],
)
def test_who_may_start_jobs_is_told_without_starting_one(
    service: Service, at: Connection, fault: dict[str, Any], sentence: str, works: bool | None
) -> None:
    service.fault("POST", "/jobs$", **fault)
    said = sentences(at)[-1]
    assert sentence in said[0]
    assert said[1] is works
    assert service.jobs == []


def test_a_key_that_is_not_accepted_ends_the_test(service: Service, at: Connection) -> None:
    service.fault("GET", "/models$", status=401, body='{"error": {"message": "Incorrect key"}}')
    assert sentences(at) == [("Fake can be reached.", True), ("The key is not accepted.", False)]
