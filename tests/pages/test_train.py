"""Train: what a launch takes, and that it happens once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from lib import library
from lib.config import settings
from lib.jobs import records
from lib.providers import backend
from tests.pages import road
from tests.pages.backend import STARTER, Backend, running
from tests.pages.conftest import Visit


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    with running() as backend:
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", backend.url)
        settings.cache_clear()
        yield backend


def metrics(at: object) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}  # type: ignore[attr-defined]


def test_without_data_the_page_leads_to_the_data_page(visit: Visit) -> None:
    at = visit("train")
    assert not at.exception
    assert not at.button
    assert [link.value for link in at.page_link] == ["Prepare data"]


def test_the_starter_is_offered_with_minutes_and_said_to_be_small(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    at = visit("train", version=version.id)
    assert not at.exception
    assert at.selectbox(key="train_model").value == "engine/starter"
    assert metrics(at)["Training"] == "36"
    assert metrics(at)["Validation"] == "4"
    assert "about" in metrics(at)["Training time"]
    assert any("small closed tasks" in caption.value for caption in at.caption)
    assert any("first guess" in caption.value for caption in at.caption)
    engine.models = [STARTER | {"tuneboard": STARTER["tuneboard"] | {"measured": True}}]
    st.cache_data.clear()
    assert any("speed of the last job here" in caption.value for caption in visit("train", version=version.id).caption)


def test_a_launch_records_one_job_and_goes_to_it(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    at = visit("train", version=version.id)
    draft = at.query_params["draft"]
    at.number_input(key="train_epochs").set_value(7)
    at.text_input(key="train_suffix").set_value("tang").run()
    at.button(key="train_launch").click().run()
    assert not at.exception
    assert at.query_params["job"] == draft
    job = records.job(draft)
    assert job is not None
    assert job.settings["epochs"] == 7
    assert job.settings["suffix"] == "tang"
    assert job.settings["validation_fraction"] == 0.1


def test_a_launched_form_says_so_and_does_not_launch_again(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    at = visit("train", version=version.id)
    draft = at.query_params["draft"]
    at.button(key="train_launch").click().run()
    again = visit("train", draft=draft)
    assert "Already launched" in again.success[0].value
    assert "train_launch" not in [button.key for button in again.button]
    again.button(key="train_again").click().run()
    assert again.query_params["draft"] != draft
    assert again.button(key="train_launch")
    assert len(records.jobs()) == 1


def test_automatic_epochs_are_sent_as_the_number_that_was_shown(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories().id)
    shown = at.number_input(key="train_epochs").placeholder
    at.button(key="train_launch").click().run()
    assert shown == f"Automatic: {records.jobs()[0].settings['epochs']}"


def test_a_reload_finds_the_form_as_it_was(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories().id)
    at.number_input(key="train_epochs").set_value(4)
    at.slider(key="train_split").set_value(25)
    at.number_input(key="train_seed").set_value(7).run()
    again = visit("train", draft=at.query_params["draft"])
    assert again.number_input(key="train_epochs").value == 4
    assert again.slider(key="train_split").value == 25
    assert again.number_input(key="train_seed").value == 7


def test_a_hosted_model_shows_its_price_and_why_it_cannot_start(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.chats().id, model="openai/gpt-4.1-mini-2025-04-14")
    assert not at.exception
    assert "$" in metrics(at)["Cost"]
    assert any("developers" in caption.value for caption in at.caption)
    assert any("OPENAI" in warning.value for warning in at.warning)
    assert at.button(key="train_launch").disabled


def test_what_costs_money_asks_before_it_starts(visit: Visit, engine: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "try_job", lambda _connection: None)
    monkeypatch.setenv("TUNEBOARD_OPENAI_API_KEY", "sk-test")
    settings.cache_clear()
    at = visit("train", version=road.chats().id, model="openai/gpt-4.1-mini-2025-04-14")
    at.button(key="train_launch").click().run()
    assert records.jobs() == []
    assert "$" in at.button(key="train_confirm").label
    at.button(key="train_confirm").click().run()
    assert not at.exception
    assert [job.connection for job in records.jobs()] == ["openai"]


def test_prompt_and_completion_cannot_go_to_a_chat_model(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories().id, model="openai/gpt-4.1-mini-2025-04-14")
    assert any("chat messages" in warning.value for warning in at.warning)


def test_a_starter_has_no_answers_yet_that_could_be_preferred(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.preferences().id)
    assert not at.exception
    assert ["it can prefer none" in warning.value for warning in at.warning] == [True]
    assert at.button(key="train_launch").disabled


def test_a_tuned_model_goes_on_from_preferences(visit: Visit, engine: Backend) -> None:
    engine.models = [{**STARTER, "id": "ft:starter:ours", "tuneboard": {**STARTER["tuneboard"], "base": False}}]
    at = visit("train", version=road.preferences().id)
    assert any("goes on from a tuned model" in caption.value for caption in at.caption)
    at.number_input(key="train_beta").set_value(0.3).run()
    at.button(key="train_launch").click().run()
    launched = records.get(at.query_params["job"])
    assert (launched.settings["method"], launched.settings["beta"]) == ("dpo", 0.3)


def test_too_few_examples_are_named_before_the_launch(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories(10).id)
    assert any("9 examples are left" in warning.value for warning in at.warning)
    assert at.button(key="train_launch").disabled


def test_while_the_engine_is_away_hosted_models_stay(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_URL", "http://127.0.0.1:9/v1")
    settings.cache_clear()
    at = visit("train", version=road.chats().id)
    assert not at.exception
    assert len(at.error) == 1
    assert str(at.selectbox(key="train_model").value).startswith("openai/")


def test_foreign_text_is_never_markdown(visit: Visit, engine: Backend) -> None:
    engine.models = [{**engine.models[0], "id": road.HOSTILE}]
    at = visit("train", version=road.stories(name=road.HOSTILE).id)
    assert not at.exception
    shown = road.texts(at)
    assert "![pixel]" not in shown
    assert "<img" not in shown
    assert road.HOSTILE in at.selectbox(key="train_version").options[0]  # options of a selectbox are plain text


def test_a_version_whose_file_is_gone_is_said(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    for file in settings().files.rglob("*"):
        if file.is_file():
            file.unlink()
    at = visit("train", version=version.id)
    assert not at.exception
    assert len(at.error) == 1
    assert library.version(version.id)
