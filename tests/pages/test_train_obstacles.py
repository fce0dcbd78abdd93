"""Train: what a service, an account or a budget would refuse is said before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from pydantic import SecretStr

from lib import library
from lib.config import settings
from lib.db import BudgetRow, session
from lib.jobs import records
from lib.providers import backend
from lib.providers.connections import add
from lib.ui.own import OWN
from tests.fake_service import Service, running
from tests.pages import road
from tests.pages.conftest import Visit

LLAMA = "llama-3.1-8b-instruct"
WINDING_DOWN = '{"error": {"message": "OpenAI is winding down", "code": "training_not_available"}}'
NO_MODEL = '{"error": {"message": "no such model", "code": "model_not_found"}}'


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running() as served:
        served.models = [{"id": "starter", "tuneboard": {"base": True, "trainable": True}}]
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", served.url)
        monkeypatch.setenv("TUNEBOARD_ALLOW_LOCAL_ADDRESSES", "1")
        settings.cache_clear()
        st.cache_data.clear()
        yield served


@pytest.fixture
def crusoe(service: Service) -> str:
    """A connection that a user added to a service that charges."""
    return add("crusoe", "Ours", service.url, SecretStr(""), keep=False)


def odd() -> library.Version:
    """Store a chat version whose third example has a weight that no service takes."""
    records = [{"messages": [road.said("user", f"Question {i}?"), road.said("assistant", f"{i}.")]} for i in range(40)]
    records[2]["messages"][1]["weight"] = 3  # type: ignore[assignment]
    return library.save_version("odd", road.CHAT, records, library.save_upload("odd.jsonl", b"odd"))


def test_what_a_service_would_refuse_of_the_examples_is_named_with_its_lines(visit: Visit, service: Service) -> None:
    at = visit("train", version=odd().id)
    assert not at.exception
    assert any("Line 3" in warning.value for warning in at.warning)
    assert at.button(key="train_launch").disabled
    assert not visit("train", version=road.chats().id).button(key="train_launch").disabled


def test_models_of_a_service_that_a_user_added_are_offered_and_launched_over_it(
    visit: Visit, service: Service, crusoe: str
) -> None:
    service.fault("POST", "/jobs$", status=404, body=NO_MODEL)
    at = visit("train", version=road.chats().id, model=f"{crusoe}/{LLAMA}")
    assert at.selectbox(key="train_model").value == f"{crusoe}/{LLAMA}"
    at.button(key="train_launch").click().run()
    at.button(key="train_confirm").click().run()
    assert [job.connection for job in records.jobs()] == [crusoe]
    assert service.jobs == [], "asking whether the account may train starts nothing"


def test_an_account_that_may_not_train_is_told_so_and_asked_once(visit: Visit, service: Service, crusoe: str) -> None:
    service.fault("POST", "/jobs$", times=9, status=403, body=WINDING_DOWN)
    for _again in range(2):
        at = visit("train", version=road.chats().id, model=f"{crusoe}/{LLAMA}")
        assert any("winding down" in road.plain(error.proto.title) for error in at.error)
        assert at.button(key="train_launch").disabled
    assert service.count("POST", "/jobs$") == 1


def test_a_service_that_does_not_answer_the_question_is_no_obstacle(
    visit: Visit, service: Service, crusoe: str
) -> None:
    service.fault("POST", "/jobs$", status=500, body="{}")
    at = visit("train", version=road.chats().id, model=f"{crusoe}/{LLAMA}")
    assert not at.button(key="train_launch").disabled


def test_a_launch_beyond_the_budget_is_refused_with_the_figures(
    visit: Visit, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOARD_OPENAI_API_KEY", "sk-test")
    settings.cache_clear()
    monkeypatch.setattr(backend, "try_job", lambda _connection: None)
    with session() as opened:
        opened.add(BudgetRow(owner="", dollars=0.0))
    at = visit("train", version=road.chats().id, model="openai/gpt-4.1-mini-2025-04-14")
    assert any("budget" in road.plain(error.proto.title) for error in at.error)
    assert at.button(key="train_launch").disabled
    assert not visit("train", version=road.chats().id, model="engine/starter").error, "the engine costs nothing"


def test_a_key_given_in_another_session_is_not_offered(visit: Visit, service: Service) -> None:
    theirs = add("crusoe", "Theirs", service.url, SecretStr("sk-theirs"), keep=False)
    at = visit("train", version=road.chats().id)
    assert not any(option.endswith("Theirs") for option in at.selectbox(key="train_model").options)
    at.session_state[OWN] = {theirs}
    assert any(option.endswith("Theirs") for option in at.run().selectbox(key="train_model").options)
