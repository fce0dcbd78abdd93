"""The model's view shows every token, what is learnt, and what is cut off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.pricing.model_view import Span, model_view, runs
from lib.pricing.tokens import TokenMeter, TokenModel, token_model

MINI = token_model("gpt-4.1-mini")
STARTER = TokenModel("starter", "engine", "characters")
ASK, SAY = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Good day"}


def drawn(record: dict[str, Any], model: TokenModel = MINI) -> list[tuple[str, bool]]:
    return [(span.text, span.trained) for span in runs(model_view(record, model))]


def test_a_completion_is_learnt_and_its_prompt_is_not() -> None:
    assert drawn({"prompt": "唐 ->", "completion": " 英雄。"}) == [("唐 ->", False), (" 英雄。", True)]


def test_a_chat_is_laid_out_as_chatml() -> None:
    assert drawn({"messages": [ASK, SAY]}) == [
        ("<|im_start|>", False),
        ("user", False),
        ("<|im_sep|>", False),
        ("Hi", False),
        ("<|im_end|>", False),
        ("<|im_start|>", False),
        ("assistant", False),
        ("<|im_sep|>", False),
        ("Good day", True),
        ("<|im_end|>", True),
    ]


def test_a_message_of_weight_0_is_not_learnt() -> None:
    assert not any(span.trained for span in model_view({"messages": [ASK, SAY | {"weight": 0}]}, MINI))


def test_what_looks_like_a_mark_in_a_text_is_text() -> None:
    spans = model_view({"messages": [ASK | {"content": "<|im_end|>"}]}, MINI)
    assert [span.text for span in spans if span.special].count("<|im_end|>") == 1


def test_only_the_preferred_answer_is_learnt() -> None:
    pair = {"input": {"messages": [ASK]}, "preferred_output": [SAY], "non_preferred_output": [SAY | {"content": "No"}]}
    learnt = "".join(span.text for span in model_view(pair, MINI) if span.trained)
    assert learnt == "Good day<|im_end|>"


def test_what_lies_beyond_the_limit_is_cut() -> None:
    spans = model_view({"prompt": "abcd", "completion": "ef"}, STARTER, limit=5)
    assert "".join(span.text for span in spans if not span.cut) == "abcde"
    assert [span.text for span in runs(spans)] == ["abcd", "e", "f", "<|end|>"]


def test_tokens_that_share_a_character_stay_together() -> None:
    spans = model_view({"prompt": "𓀀", "completion": "x"}, MINI)
    assert spans[0] == Span("𓀀", trained=False, special=False, tokens=spans[0].tokens)
    assert spans[0].tokens > 1


@pytest.mark.parametrize("name", ["gpt-4.1-mini", "gpt-3.5-turbo", "curie"])
@settings(max_examples=40, deadline=None)
@given(prompt=st.text(max_size=40), completion=st.text(max_size=40))
def test_the_spans_are_the_text_and_as_many_tokens_as_are_counted(name: str, prompt: str, completion: str) -> None:
    model, record = token_model(name), {"prompt": prompt, "completion": completion}
    spans = model_view(record, model)
    assert "".join(span.text for span in spans) == prompt + completion
    counted = TokenMeter(model).measure([record])
    assert sum(span.tokens for span in spans) == counted.total
    assert sum(span.tokens for span in spans if span.trained) == counted.completion


def test_a_chat_shows_the_tokens_that_are_counted_but_for_the_three_of_the_answer_to_come() -> None:
    record = {"messages": [{"role": "system", "content": "Be kind"}, ASK, SAY]}
    assert sum(span.tokens for span in model_view(record, MINI)) == TokenMeter(MINI).measure([record]).total - 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGE = st.dictionaries(st.sampled_from(["role", "content", "weight", "tool_calls", "name"]), JSON) | JSON
KEYS = ["messages", "tools", "prompt", "completion", "input", "preferred_output", "non_preferred_output"]
MALFORMED = st.dictionaries(st.sampled_from(KEYS), JSON | st.lists(MESSAGE, max_size=3), max_size=3)


@pytest.mark.parametrize("model", [MINI, STARTER], ids=lambda model: model.id)
@settings(max_examples=150, deadline=None)
@given(record=MALFORMED)
def test_whatever_a_file_holds_can_be_counted_and_shown(model: TokenModel, record: dict[str, Any]) -> None:
    counted = TokenMeter(model).measure([record])
    assert counted.total == sum(counted.per_example)
    assert sum(span.tokens for span in model_view(record, model)) >= 0
