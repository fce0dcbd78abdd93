"""Counts are tiktoken's own, offline, for the model that is meant."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from lib.config import ENCODINGS
from lib.pricing import encodings
from lib.pricing.errors import MissingRanks, UnknownModel, UnreadableTokenizer
from lib.pricing.tokens import TokenMeter, TokenModel, count, token_model

STORY = {"prompt": "唐,隐形,轻松 ->", "completion": " 从前有一个英雄。"}
MINI = "gpt-4.1-mini-2025-04-14"


def chat(*messages: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"messages": list(messages), **more}]


def tokens(text: str, encoding: str = "o200k_base") -> int:
    return len(encodings.load(encoding).encode_ordinary(text))


def test_prompt_and_completion_are_counted_apart() -> None:
    counted = count([STORY, STORY], "curie")
    assert counted.prompt == 2 * tokens(STORY["prompt"], "r50k_base")
    assert counted.completion == 2 * tokens(STORY["completion"], "r50k_base")
    assert list(counted.per_example) == [counted.longest] * 2 == [counted.total // 2] * 2


def test_the_base_model_decides_the_encoding_even_of_tuned_models() -> None:
    assert count([STORY], f"ft:{MINI}:org::id").total == tokens(STORY["prompt"]) + tokens(STORY["completion"])
    assert count([STORY], "davinci:ft-org-2022").total == count([STORY], "ada").total
    assert count([STORY], "curie").total != count([STORY], MINI).total


def test_a_chat_example_counts_as_the_cookbook_counts_it() -> None:
    records = chat({"role": "user", "content": "Hello there"}, {"role": "assistant", "content": "Good day"})
    words = tokens("user") + tokens("Hello there") + tokens("assistant") + tokens("Good day")
    counted = count(records, MINI)
    assert counted.total == 3 + 3 + 3 + words
    assert counted.completion == tokens("Good day")


def test_a_name_costs_one_more() -> None:
    plain = count(chat({"role": "user", "content": "Hi"}), MINI).total
    named = count(chat({"role": "user", "content": "Hi", "name": "Ann"}), MINI).total
    assert named == plain + 1 + tokens("Ann")


def test_a_weight_is_no_text_and_weight_zero_is_not_learned() -> None:
    said = {"role": "assistant", "content": "Good day"}
    assert count(chat(said | {"weight": 1}), MINI) == count(chat(said), MINI)
    unlearned = count(chat(said | {"weight": 0}), MINI)
    assert (unlearned.total, unlearned.completion) == (count(chat(said), MINI).total, 0)


def test_tool_calls_are_learned_and_tools_are_prompt() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    counted = count(chat(call), MINI)
    assert counted.completion > 0
    with_tools = count(chat(call, tools=[{"type": "function", "function": {"name": "f"}}]), MINI)
    assert with_tools.prompt > counted.prompt
    assert with_tools.completion == counted.completion


def test_pictures_in_a_message_do_not_count_as_text() -> None:
    parts = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:" + "A" * 9000}}]
    assert count(chat({"role": "user", "content": parts}), MINI) == count(
        chat({"role": "user", "content": "Look"}), MINI
    )


def test_special_tokens_in_a_story_are_text() -> None:
    assert count([{"prompt": "<|endoftext|>", "completion": "x"}], MINI).prompt > 1


def test_no_examples_count_nothing() -> None:
    assert count([], MINI).total == count([], MINI).longest == 0


def test_examples_over_a_limit_are_told() -> None:
    counted = count([STORY, {"prompt": "a", "completion": "b"}], MINI)
    assert (counted.over(2), counted.over(1), counted.over(counted.longest)) == (1, 2, 0)


def test_a_preference_counts_its_conversation_and_both_answers() -> None:
    asked = {"role": "user", "content": "Hello there"}
    better, worse = {"role": "assistant", "content": "Good day"}, {"role": "assistant", "content": "What?"}
    pair = {"input": {"messages": [asked]}, "preferred_output": [better], "non_preferred_output": [worse]}
    counted = count([pair], MINI)
    assert counted.total == count(chat(asked, better, worse), MINI).total
    assert counted.completion == tokens("Good day") + tokens("What?")


def test_an_answer_that_a_preference_builds_on_is_not_learned() -> None:
    said = {"role": "assistant", "content": "Good day"}
    pair = {"input": {"messages": [said]}, "preferred_output": [said], "non_preferred_output": [said]}
    assert count([pair], MINI).completion == 2 * tokens("Good day")


def test_what_a_grader_compares_with_is_not_read_by_the_model() -> None:
    asked = {"role": "user", "content": "2 + 2?"}
    assert count(chat(asked, reference="four", unit="none"), MINI) == count(chat(asked), MINI)


def test_tokens_are_told_by_role() -> None:
    records = chat({"role": "system", "content": "Be kind"}, {"role": "assistant", "content": "Good day"})
    counted = count(records, MINI)
    assert counted.roles["system"] == 3 + tokens("system") + tokens("Be kind")
    assert counted.roles["assistant"] == 3 + tokens("assistant") + tokens("Good day")
    assert counted.frame == 3
    assert count([STORY], MINI).roles == {"prompt": tokens(STORY["prompt"]), "completion": tokens(STORY["completion"])}


def test_the_tokens_of_tools_are_told_apart() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    counted = count(chat({"role": "user", "content": "Hi"}, tools=tools), MINI)
    assert counted.tools == tokens('[{"type": "function", "function": {"name": "f"}}]')


def test_a_model_goes_to_other_processes_and_its_name_may_lead_with_the_service() -> None:
    model = token_model(f"openai:{MINI}")
    assert pickle.loads(pickle.dumps(model)) == TokenModel(f"openai:{MINI}", "hosted", "o200k_base")  # noqa: S301
    assert TokenMeter(model).measure([STORY]).total == count([STORY], MINI).total


def test_how_an_open_model_splits_text_is_not_guessed() -> None:
    with pytest.raises(UnknownModel):
        token_model("together:Qwen/Qwen3-8B")


def test_a_meter_counts_batch_after_batch_as_in_one_go() -> None:
    records = [STORY, *chat({"role": "user", "content": "Hi"}), STORY]
    meter = TokenMeter(token_model(MINI))
    assert meter.measure(records[:1]).merge(meter.measure(records[1:])) == meter.measure(records)


def test_an_unknown_hosted_model_is_refused_not_guessed() -> None:
    with pytest.raises(UnknownModel):
        count([STORY], "gpt-9")


def test_starter_counts_characters() -> None:
    assert count([STORY], "starter", "engine").total == len(STORY["prompt"]) + len(STORY["completion"]) + 1


def test_an_engine_model_counts_by_its_own_tokenizer(tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "one": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    assert count([{"prompt": "one two \ud800", "completion": "one"}], "any", "engine", path).total == 4


def test_a_broken_tokenizer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(UnreadableTokenizer, match=r"tokenizer\.json"):
        count([STORY], "any", "engine", path)


@pytest.fixture
def unloaded() -> None:
    encodings.load.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_an_operators_folder_without_the_file_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(encodings.VARIABLE, str(tmp_path))
    assert count([STORY], "gpt-4o").total > 0
    assert os.environ[encodings.VARIABLE] == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unloaded")
def test_loading_leaves_no_variable_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(encodings.VARIABLE, raising=False)
    encodings.load("cl100k_base")
    assert encodings.VARIABLE not in os.environ


@pytest.mark.usefixtures("unloaded")
def test_a_missing_rank_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "ENCODINGS", tmp_path)
    with pytest.raises(MissingRanks, match="fb374d419588a4632f3f557e76b4b70aebbca790"):
        encodings.load("o200k_base")
    assert (ENCODINGS / encodings.RANKS["o200k_base"]).is_file()


texts = st.text(st.characters(), max_size=30)


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries({"prompt": texts, "completion": texts}), max_size=4))
def test_any_text_can_be_counted_and_the_parts_add_up(records: list[dict[str, str]]) -> None:
    counted = count(records, MINI)
    assert counted.total == counted.prompt + counted.completion == sum(counted.per_example)
    assert counted.total == sum(counted.roles.values()) + counted.tools + counted.frame
    assert counted.longest == max(counted.per_example, default=0)
