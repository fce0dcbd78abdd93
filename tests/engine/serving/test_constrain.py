"""Answers that must have a form, from a model that knows nothing of it: only the constraint can make them right."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lib.engine.serving import constrain
from lib.engine.serving.models import Loaded
from lib.engine.serving.prompt import encode
from lib.engine.serving.protocol import Refusal

from .writing import ask, write

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "kind": {"enum": ["hero", "怪兽"]},
        "powers": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2},
        "boss": {"anyOf": [{"$ref": "#/$defs/boss"}, {"type": "null"}]},
    },
    "required": ["name", "age", "kind", "powers", "boss"],
    "additionalProperties": False,
    "$defs": {
        "boss": {
            "type": "object",
            "properties": {"ok": {"type": "boolean"}},
            "required": ["ok"],
            "additionalProperties": False,
        }
    },
}
LEAF = st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1]}, {"type": "string", "maxLength": 3}])
SCHEMAS = st.dictionaries(st.text("abc", min_size=1, max_size=2), LEAF, min_size=1, max_size=3)


def form(schema: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True} | fields}


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_has_the_form_of_its_schema(loaded: Loaded, seed: int) -> None:
    written = write(loaded, ask(response_format=form(PERSON), seed=seed, max_tokens=400))
    assert written.finish_reason == "stop"
    jsonschema.validate(json.loads(written.text), PERSON)


@given(properties=SCHEMAS, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_any_small_schema_is_followed(loaded: Loaded, properties: dict[str, Any], seed: int) -> None:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    written = write(loaded, ask(response_format=form(schema), seed=seed, max_tokens=300))
    assert written.finish_reason == "stop"
    jsonschema.validate(json.loads(written.text), schema)


def test_json_mode_writes_an_object(loaded: Loaded) -> None:
    close = {loaded.tokenizer.convert_tokens_to_ids("<0x7D>"): 9.0}
    written = write(loaded, ask(response_format={"type": "json_object"}, seed=1, logit_bias=close, max_tokens=400))
    assert written.finish_reason == "stop"
    assert isinstance(json.loads(written.text), dict)


def test_an_answer_without_room_breaks_off_and_says_so(loaded: Loaded) -> None:
    written = write(loaded, ask(response_format=form(PERSON), seed=1, max_tokens=10))
    assert (written.finish_reason, len(written.ids)) == ("length", 10)
    assert PERSON["type"] == "object"
    assert written.text.startswith("{")


def test_an_answer_that_is_complete_ends_without_an_end_token(loaded: Loaded) -> None:
    schema = {"const": "ok"}
    written = write(loaded, ask(response_format=form(schema), max_tokens=4))
    assert (written.text, written.finish_reason, len(written.ids)) == ('"ok"', "stop", 4)


def test_a_stop_string_ends_a_form_too(loaded: Loaded) -> None:
    written = write(loaded, ask(response_format=form({"const": "okay"}), stop=("ka",)))
    assert (written.text, written.finish_reason) == ('"o', "stop")


def test_the_same_seed_fills_a_form_alike(loaded: Loaded) -> None:
    first, again = (write(loaded, ask(response_format=form(PERSON), seed=5, max_tokens=60)).ids for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "wizard"}, "wizard"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/gone"}}}, "gone"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "minLength"),
        ({"type": "object", "if": {}, "then": {}}, "if"),
        ({"enum": [f"value {i}" for i in range(9_000)]}, "more than"),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused(loaded: Loaded, schema: Any, reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as refused:
        encode(loaded, ask(response_format=form(schema)))
    assert (refused.value.status, refused.value.code) == (400, "invalid_json_schema")
    assert refused.value.param == "response_format"
    assert "Invalid schema for response_format 'answer'" in refused.value.message


def test_a_form_as_a_whole_has_a_largest_size_too(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constrain, "LARGEST", 200)
    with pytest.raises(Refusal, match="too large"):
        encode(loaded, ask(response_format=form({"enum": ["a" * 40, "b" * 40]})))


def test_a_form_that_becomes_too_complex_on_the_way_is_the_clients_mistake(loaded: Loaded) -> None:
    with pytest.raises(Refusal, match="too complex") as refused:
        write(loaded, ask(response_format=form({"type": "string", "pattern": "^(a|aa|aaa|b)*(c|cc){900}$"})))
    assert refused.value.status == 400


def test_without_strict_what_is_not_known_is_left_unchecked(loaded: Loaded) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"], "uniqueItems": True}
    closed = schema | {"additionalProperties": False}
    assert json.loads(write(loaded, ask(seed=1, response_format=form(closed, strict=False))).text) == {"a": None}


def test_a_schema_cannot_change_how_it_is_read(loaded: Loaded) -> None:
    schema = {"const": 1, "x-guidance": {"lenient": True}, "not": {}}
    with pytest.raises(Refusal, match="not"):
        encode(loaded, ask(response_format=form(schema)))


def test_a_vocabulary_that_cannot_write_json_is_refused(loaded: Loaded) -> None:
    words = Tokenizer(models.WordLevel({"a": 0, "<e>": 1, "?": 2}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    poor = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<e>")
    with pytest.raises(Refusal, match="cannot write JSON") as refused:
        encode(Loaded(**{**vars(loaded), "tokenizer": poor}), ask(prompt="a", response_format={"type": "json_object"}))
    assert refused.value.status == 400
