"""Each field of OpenAI's two bodies: honoured, taken because it changes nothing, or refused by name."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.engine.support import AUTH, Running

HI = [{"role": "user", "content": "hi"}]


def post(engine: Running, path: str, **body: Any) -> httpx2.Response:
    return httpx2.post(f"{engine.url}/v1/{path}", json=body, headers=AUTH)


def test_echo_puts_the_prompt_before_the_answer(engine: Running, lax: OpenAI, model: str) -> None:
    assert engine.client.completions.create(model=model, prompt="a b", echo=True).choices[0].text == "a ba b "
    chunks = list(lax.completions.create(model=model, prompt="a b", echo=True, stream=True, n=2))
    for index in (0, 1):
        mine = [chunk.choices[0].text for chunk in chunks if chunk.choices[0].index == index]
        assert "".join(mine) == "a ba b "


def test_a_completion_tells_log_probabilities_in_four_lists(engine: Running, model: str) -> None:
    logprobs = engine.client.completions.create(model=model, prompt="a b", logprobs=1).choices[0].logprobs
    assert logprobs
    assert logprobs.tokens == ["a ", "b "]
    assert logprobs.token_logprobs == [0, -1]
    assert logprobs.text_offset == [0, 2]
    assert logprobs.top_logprobs == [{"other": -1, "a ": 0}, {"other": -2, "b ": -1}]


def test_without_alternatives_only_the_tokens_own_probabilities_are_told(engine: Running, model: str) -> None:
    logprobs = engine.client.completions.create(model=model, prompt="a", logprobs=0).choices[0].logprobs
    assert logprobs
    assert (logprobs.token_logprobs, logprobs.top_logprobs) == ([0], None)


def test_an_echoed_prompts_first_token_has_no_probability(lax: OpenAI, model: str) -> None:
    choice = lax.completions.create(model=model, prompt="a b", echo=True, logprobs=1, max_tokens=0).choices[0]
    assert (choice.text, choice.finish_reason) == ("a b", "length")
    assert choice.logprobs.tokens == ["a b"]
    assert choice.logprobs.token_logprobs == [None]
    assert choice.logprobs.top_logprobs == [None]


def test_a_chat_tells_log_probabilities_token_by_token(engine: Running, model: str) -> None:
    asked = {"model": model, "messages": HI, "logprobs": True, "top_logprobs": 1}
    logprobs = engine.client.chat.completions.create(**asked).choices[0].logprobs
    assert logprobs
    assert logprobs.refusal is None
    (token,) = logprobs.content or []
    assert (token.token, token.bytes, token.logprob) == ("hi ", list(b"hi "), 0)
    assert [other.token for other in token.top_logprobs] == ["other"]


def test_streamed_log_probabilities_come_with_their_text(engine: Running, model: str) -> None:
    messages = [{"role": "user", "content": "a b"}]
    stream = engine.client.chat.completions.create(model=model, messages=messages, logprobs=True, stream=True)
    told = [(c.choices[0].delta.content, c.choices[0].logprobs) for c in stream]
    assert [text for text, logprobs in told if logprobs] == ["a ", "b "]
    assert [logprobs.content[0].token for _, logprobs in told if logprobs and logprobs.content] == ["a ", "b "]


def test_the_best_of_several_answers_are_the_likeliest(engine: Running, model: str) -> None:
    asked = {"model": model, "prompt": "differ b c d"}
    answer = engine.client.completions.create(**asked, best_of=4, n=2)
    assert [choice.text for choice in answer.choices] == ["d ", "c d "]
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage
    assert answer.usage.completion_tokens == 4 + 3 + 2 + 1
    assert answer.choices[0].logprobs is None


@pytest.mark.parametrize("prompt", [[5, 6, 7], [[5, 6, 7], [8]]])
def test_a_prompt_may_be_token_ids(engine: Running, model: str, prompt: Any) -> None:
    choices = engine.client.completions.create(model=model, prompt=prompt).choices
    assert [choice.text for choice in choices] == ["5 6 7 ", "8 "][: len(choices)]


def test_without_a_prompt_a_text_begins(engine: Running, model: str) -> None:
    assert engine.client.completions.create(model=model, prompt=None).choices[0].finish_reason == "stop"


def test_both_names_of_the_limit_may_be_given_if_they_agree(engine: Running, model: str) -> None:
    chat = engine.client.chat.completions
    words = [{"role": "user", "content": "a b c"}]
    assert chat.create(model=model, messages=words, max_tokens=2, max_completion_tokens=2).choices
    with pytest.raises(openai.BadRequestError) as refused:
        chat.create(model=model, messages=words, max_tokens=2, max_completion_tokens=3)
    assert refused.value.code == "invalid_parameter_combination"


def test_weights_mark_the_fingerprint(engine: Running, model: str) -> None:
    marks = {
        engine.client.completions.create(model=model, prompt="a").system_fingerprint,
        engine.client.chat.completions.create(model=model, messages=HI).system_fingerprint,
    }
    assert len(marks) == 1
    assert str(marks.pop()).startswith("fp_")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"n": 17}, "n"),
        ({"n": True}, "n"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [1]}, "stop"),
        ({"seed": 1.5}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"logprobs": 6}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"best_of": 2, "n": 3}, "best_of"),
        ({"best_of": 2, "stream": True}, "best_of"),
        ({"best_of": 17}, "n"),
        ({"suffix": "x"}, "suffix"),
        ({"presence_penalty": 2.5}, "presence_penalty"),
        ({"frequency_penalty": -2.5}, "frequency_penalty"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"logit_bias": {"hello": 5}}, "logit_bias"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": ["a"] * 17}, "prompt"),
        ({"top_k": 5}, "top_k"),
    ],
)
def test_a_completions_field_that_cannot_be_honoured_is_refused_by_name(
    engine: Running, model: str, fields: dict[str, Any], param: str
) -> None:
    answer = post(engine, "completions", **{"model": model, "prompt": "hi"} | fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "function", "name": "f", "content": "hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0.type"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 10**9}, "max_completion_tokens"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
        ({"logprobs": 1}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
    ],
)
def test_a_chats_field_that_cannot_be_honoured_is_refused_by_name(
    engine: Running, model: str, fields: dict[str, Any], param: str
) -> None:
    answer = post(engine, "chat/completions", **{"model": model, "messages": HI} | fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_fields_that_change_nothing_are_taken(engine: Running, model: str) -> None:
    neutral = {
        "frequency_penalty": 0,
        "logprobs": False,
        "response_format": {"type": "text"},
        "user": "me",
        "store": True,
        "metadata": {"k": "v"},
        "service_tier": "auto",
        "safety_identifier": "me",
        "prompt_cache_key": "k",
        "tools": [],
        "parallel_tool_calls": True,
        "stop": None,
        "logit_bias": {},
        "seed": None,
    }
    assert post(engine, "chat/completions", model=model, messages=HI, **neutral).status_code == 200
