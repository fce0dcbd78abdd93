"""Playground: ask a tuned model, and lose nothing of what it said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lib import db
from lib.config import settings
from lib.ui.playground.talk import Talk
from tests.pages import road
from tests.pages.backend import Backend, running
from tests.pages.conftest import Visit

MODEL = "ft:starter:tuneboard:tang:12345678"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    with running() as backend:
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", backend.url)
        settings.cache_clear()
        yield backend


def tuned(model: str = MODEL, chat: bool = False) -> str:
    version = road.chats() if chat else road.stories()
    return road.job(version, status="succeeded", tuned_model=model, finished_at=db.now())


def test_without_a_tuned_model_the_page_leads_to_training(visit: Visit) -> None:
    at = visit("playground")
    assert not at.exception
    assert not at.chat_input
    assert [link.value for link in at.page_link] == ["Train a model"]


def test_an_answer_is_written_measured_and_found_again_after_a_reload(visit: Visit, engine: Backend) -> None:
    tuned()
    at = visit("playground")
    at.chat_input(key="playground_prompt").set_value("唐,隐形,轻松").run()
    assert not at.exception
    assert [text.value for text in at.text] == ["唐,隐形,轻松", "Once upon a time"]
    assert any("came to its end" in caption.value for caption in at.caption)
    again = visit("playground", draft=at.query_params["draft"], model=MODEL)
    assert [text.value for text in again.text] == ["唐,隐形,轻松", "Once upon a time"]


def test_a_model_of_preferences_is_asked_in_chat_with_a_question_of_its_examples(visit: Visit, engine: Backend) -> None:
    road.job(road.preferences(), status="succeeded", tuned_model=MODEL, finished_at=db.now())
    at = visit("playground")
    assert not at.exception
    assert any("Question 0?" in code.value for code in at.code)


def test_the_recipe_is_applied_and_shown(visit: Visit, engine: Backend) -> None:
    tuned()
    at = visit("playground")
    assert at.code[0].value == "dynasty,power,mood"
    at.button(key="playground_example").click().run()
    assert engine.asked[0]["prompt"] == "唐,隐形0,轻松 ->"
    assert engine.asked[0]["stop"] == ["\n\n###\n\n"]
    assert at.text[0].value == "唐,隐形0,轻松"
    assert any("·->" in code.value for code in at.code)


def test_each_question_to_a_completion_model_stands_alone(visit: Visit, engine: Backend) -> None:
    tuned()
    at = visit("playground")
    for question in ("one", "two"):
        at.chat_input(key="playground_prompt").set_value(question).run()
    assert [asked["prompt"] for asked in engine.asked] == ["one ->", "two ->"]
    assert len(at.chat_message) == 4


def test_a_chat_model_is_sent_the_history_without_what_was_cut_off(visit: Visit, engine: Backend) -> None:
    tuned(chat=True)
    at = visit("playground")
    at.chat_input(key="playground_prompt").set_value("first").run()
    engine.finish = None
    at.chat_input(key="playground_prompt").set_value("second").run()
    engine.finish = "stop"
    at.chat_input(key="playground_prompt").set_value("third").run()
    sent = [(message["role"], message["content"]) for message in engine.asked[-1]["messages"]]
    assert sent == [
        ("system", "Be dry."),
        ("user", "first"),
        ("assistant", "Once upon a time"),
        ("user", "third"),
    ]


def test_a_stream_that_just_ends_is_marked_as_interrupted_and_keeps_its_text(visit: Visit, engine: Backend) -> None:
    tuned()
    engine.finish = None
    at = visit("playground")
    at.chat_input(key="playground_prompt").set_value("hello").run()
    assert not at.exception
    assert at.text[1].value == "Once upon a time"
    assert any("interrupted" in mark.value for mark in at.markdown)


def test_an_engine_that_is_away_is_said_and_the_question_kept(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_URL", "http://127.0.0.1:9/v1")
    settings.cache_clear()
    tuned()
    at = visit("playground")
    at.chat_input(key="playground_prompt").set_value("hello").run()
    assert not at.exception
    assert len(at.error) == 1
    assert [turn.question for turn in Talk.load(at.query_params["draft"], MODEL).turns] == ["hello"]


def test_sampling_is_sent_and_kept(visit: Visit, engine: Backend) -> None:
    tuned()
    at = visit("playground")
    at.slider(key="playground_temperature").set_value(0.3)
    at.number_input(key="playground_seed").set_value(5)
    at.number_input(key="playground_max_tokens").set_value(64).run()
    at.chat_input(key="playground_prompt").set_value("hello").run()
    sent = engine.asked[0]
    assert (sent["temperature"], sent["seed"], sent["max_tokens"]) == (0.3, 5, 64)
    again = visit("playground", draft=at.query_params["draft"])
    assert again.slider(key="playground_temperature").value == 0.3


def test_the_model_in_the_address_is_chosen_and_talks_are_kept_apart(visit: Visit, engine: Backend) -> None:
    tuned("ft:other")
    tuned()
    at = visit("playground", model="ft:other")
    assert at.selectbox(key="playground_model").value == "ft:other"
    at.chat_input(key="playground_prompt").set_value("hello").run()
    at.selectbox(key="playground_model").set_value(MODEL).run()
    assert at.query_params["model"] == MODEL
    assert not at.chat_message
    at.selectbox(key="playground_model").set_value("ft:other").run()
    assert len(at.chat_message) == 2
    at.button(key="playground_clear").click().run()
    assert not at.chat_message


def test_a_model_nobody_has_is_said(visit: Visit, engine: Backend) -> None:
    tuned()
    at = visit("playground", model="ft:gone")
    assert len(at.warning) == 1
    assert at.selectbox(key="playground_model").value == MODEL


def test_what_a_model_says_is_never_markdown(visit: Visit, engine: Backend) -> None:
    tuned(road.HOSTILE)
    engine.words, engine.finish = [road.HOSTILE], "stop"
    at = visit("playground")
    at.chat_input(key="playground_prompt").set_value(road.HOSTILE).run()
    assert not at.exception
    assert [text.value for text in at.text] == [road.HOSTILE, road.HOSTILE]
    shown = road.texts(at)
    assert "![pixel]" not in shown
    assert "<img" not in shown
