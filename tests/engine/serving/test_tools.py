"""Calls of tools in the three ways that models write them, read back, and forced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AddedToken

from lib.engine.serving.models import Loaded
from lib.engine.serving.prompt import encode
from lib.engine.serving.protocol import Refusal
from lib.engine.serving.tools import HERMES, LLAMA, MISTRAL, MISTRAL_NAMED, Call, ToolReader, Way, way_of
from lib.engine.training.text import plain_ids

from .writing import ask, recite, write

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 4}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
NOW = {"type": "function", "function": {"name": "now"}}
TURNS = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{% for c in m.get('tool_calls') or [] %}"
TURNS += (
    "{{ c['function']['arguments'] | tojson }}{% endfor %}{% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}"
)
TEMPLATES = {
    "hermes": TURNS + "{# <tool_call> {'name': ..., 'arguments': ...} </tool_call> #}",
    "mistral": TURNS + "{# [TOOL_CALLS] [{'name': ...}] #}",
    "mistral_named": TURNS + "{# [TOOL_CALLS]name[ARGS]{...} #}",
    "llama": TURNS + '{# {"name": function name, "parameters": dictionary of argument name and its value} #}',
}
CHAT: dict[str, Any] = {"prompt": None, "messages": [{"role": "user", "content": "唐朝"}]}


@pytest.fixture(params=list(TEMPLATES))
def caller(request: pytest.FixtureRequest, loaded: Loaded) -> Loaded:
    """A model whose template knows tools; in Mistral's, the marks are special tokens."""
    return with_template(loaded, TEMPLATES[request.param], ["[TOOL_CALLS]", "[ARGS]"])


@pytest.fixture
def hermes(loaded: Loaded) -> Loaded:
    return with_template(loaded, TEMPLATES["hermes"], [])


def with_template(loaded: Loaded, template: str, special: list[str]) -> Loaded:
    """Give a model another template and marks; the marks take the numbers of tokens it has and never writes."""
    backend = json.loads(loaded.tokenizer.backend_tokenizer.to_str())
    for number, mark in enumerate(special):
        old = next(
            token for token in backend["added_tokens"] if token["content"] == f"<|{('system', 'user')[number]}|>"
        )
        old["content"] = mark
    tokenizer = type(loaded.tokenizer)(
        tokenizer_object=type(loaded.tokenizer.backend_tokenizer).from_str(json.dumps(backend)),
        eos_token="<|end|>",
        additional_special_tokens=[AddedToken(mark, special=True) for mark in special],
    )
    tokenizer.chat_template = template
    return Loaded(**{**vars(loaded), "tokenizer": tokenizer})


def read(way: Way, pieces: list[str], **options: Any) -> tuple[str, list[Call]]:
    reader = ToolReader(way, **options)
    shown, calls = "", []
    for piece in pieces:
        more, found = reader.feed(piece)
        shown, calls = shown + more, calls + found
    more, found = reader.flush()
    return shown + more, calls + found


@pytest.mark.parametrize(
    ("way", "text", "shown"),
    [
        (HERMES, 'Let me see.\n<tool_call>\n{"name": "f", "arguments": {"a": "é"}}\n</tool_call>', "Let me see."),
        (HERMES, '<tool_call>{"name":"f","arguments":"{\\"a\\": \\"é\\"}"}</tool_call>', ""),
        (MISTRAL, '[TOOL_CALLS] [{"name": "f", "arguments": {"a": "é"}, "id": "abcdefghi"}]', ""),
        (MISTRAL, 'Well[TOOL_CALLS]f{"a": "é"}', "Well"),
        (MISTRAL_NAMED, '[TOOL_CALLS]f[ARGS]{"a": "é"}', ""),
        (LLAMA, '{"name": "f", "parameters": {"a": "é"}}', ""),
        (LLAMA, '<|python_tag|>{"name": "f", "parameters": {"a": "é"}}', ""),
    ],
)
def test_a_call_is_read_however_its_text_arrives(way: Way, text: str, shown: str) -> None:
    for size in (1, 3, 1000):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert read(way, pieces) == (shown, [Call("f", '{"a": "é"}')])


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (HERMES, '<tool_call>\n{"name": "f"}\n</tool_call>\n<tool_call>\n{"name": "g"}\n</tool_call>'),
        (MISTRAL, '[TOOL_CALLS] [{"name": "f"}, {"name": "g"}]'),
        (MISTRAL_NAMED, "[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g[ARGS]{}"),
        (LLAMA, '{"name": "f", "parameters": {}}; {"name": "g", "parameters": {}}'),
    ],
)
def test_several_calls_are_read_and_no_space_between_them_is_shown(way: Way, text: str) -> None:
    assert read(way, list(text)) == ("", [Call("f", "{}"), Call("g", "{}")])
    assert read(way, list(text), most=1) == ("", [Call("f", "{}")])


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (HERMES, "a <tool> b <tool_cal"),
        (HERMES, "<tool_call>nonsense</tool_call> and on"),
        (HERMES, '<tool_call>{"name": "f", "argum'),
        (HERMES, '<tool_call>{"name": 1}</tool_call>'),
        (MISTRAL, "[TOOL_CALLS] nothing"),
        (LLAMA, '{"answer": 42}'),
        (LLAMA, "{ not json"),
        (LLAMA, "plain {text}"),
    ],
)
def test_what_is_no_call_is_shown_as_it_was_written(way: Way, text: str) -> None:
    assert read(way, list(text)) == (text, [])


@given(
    st.lists(st.text("<tol_ca>{}[]ARGS ", max_size=6), max_size=8), st.sampled_from([HERMES, MISTRAL, MISTRAL_NAMED])
)
def test_text_without_calls_is_never_lost(pieces: list[str], way: Way) -> None:
    assert read(way, pieces) == ("".join(pieces), [])


def test_text_that_cannot_be_a_call_is_shown_at_once() -> None:
    assert ToolReader(HERMES).feed("a < b") == ("a < b", [])
    assert ToolReader(HERMES).feed("a <to") == ("a", [])


def test_ways_are_told_apart_by_the_template() -> None:
    ways = [way_of(template) for template in TEMPLATES.values()]
    assert ways == [HERMES, MISTRAL, MISTRAL_NAMED, LLAMA]
    assert way_of("{{ messages }}") is None
    assert way_of("{{ tools }} <tool_call><function=name>") is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("choice", ["required", "named"])
def test_a_call_can_be_forced(caller: Loaded, choice: str, seed: int) -> None:
    options = {"tools": [WEATHER], "tool_choice": choice, "parallel_tool_calls": False, "max_tokens": 200}
    written = write(caller, ask(**CHAT, **options, seed=seed))
    assert written.text == ""
    assert {call.name for call in written.calls} == {"weather"}
    for call in written.calls:
        arguments = json.loads(call.arguments)
        assert list(arguments) == ["city"]
        assert len(arguments["city"]) <= 4
    assert written.finish_reason == ("stop" if choice == "named" else "tool_calls")


def test_one_call_is_made_where_several_are_not_wanted(caller: Loaded) -> None:
    options = {"tools": [WEATHER, NOW], "tool_choice": "required", "parallel_tool_calls": False, "max_tokens": 200}
    for seed in range(4):
        assert len(write(caller, ask(**CHAT, **options, seed=seed)).calls) == 1


def test_a_model_that_calls_by_itself_ends_with_tool_calls(hermes: Loaded) -> None:
    text = '好<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    ids = [*plain_ids(hermes.tokenizer, text), hermes.tokenizer.eos_token_id]
    written = recite(hermes, ask(**CHAT, tools=[NOW]), ids)
    assert (written.text, written.calls, written.finish_reason) == ("好", [Call("now", "{}")], "tool_calls")


def test_an_answer_without_a_call_ends_with_stop(hermes: Loaded) -> None:
    ids = [*plain_ids(hermes.tokenizer, "英雄"), hermes.tokenizer.eos_token_id]
    assert recite(hermes, ask(**CHAT, tools=[NOW]), ids).finish_reason == "stop"


def test_a_mark_that_is_a_special_token_is_heard(loaded: Loaded) -> None:
    mistral = with_template(loaded, TEMPLATES["mistral"], ["[TOOL_CALLS]"])
    mark = mistral.tokenizer.convert_tokens_to_ids("[TOOL_CALLS]")
    ids = [mark, *plain_ids(mistral.tokenizer, '[{"name": "now"}]'), mistral.tokenizer.eos_token_id]
    assert recite(mistral, ask(**CHAT, tools=[NOW]), ids).calls == [Call("now", "{}")]


def test_a_call_that_is_cut_off_is_shown_and_the_reason_is_length(hermes: Loaded) -> None:
    ids = plain_ids(hermes.tokenizer, '<tool_call>\n{"name": "n')
    written = recite(hermes, ask(**CHAT, tools=[NOW]), ids)
    assert (written.text, written.calls, written.finish_reason) == ('<tool_call>\n{"name": "n', [], "length")


def test_a_strict_function_is_followed_even_where_calling_is_free(hermes: Loaded) -> None:
    strict = {"type": "function", "function": WEATHER["function"] | {"strict": True}}
    plain = {"temperature": 1, "max_tokens": 300}
    opening = plain_ids(hermes.tokenizer, "<tool_call>")
    written = write(hermes, ask(**CHAT, **plain, tools=[strict], seed=1, logit_bias=dict.fromkeys(opening[:1], 30.0)))
    for call in written.calls:
        assert list(json.loads(call.arguments)) == ["city"]


def test_an_answer_is_a_call_or_has_the_form_asked_for(hermes: Loaded) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": [1, 2]}, "strict": True}}
    for seed in range(6):
        written = write(hermes, ask(**CHAT, tools=[NOW], response_format=form, seed=seed, max_tokens=100))
        assert written.calls or json.loads(written.text) in (1, 2)


def test_a_template_without_tools_refuses_them(loaded: Loaded) -> None:
    history = [{"role": "tool", "content": "3", "tool_call_id": "c"}]
    for fields in ({"tools": [NOW]}, {"messages": CHAT["messages"] + history}):
        with pytest.raises(Refusal, match="knows no tools") as refused:
            encode(loaded, ask(**CHAT | fields))
        assert refused.value.status == 400


def test_a_functions_broken_schema_is_refused_by_its_place(hermes: Loaded) -> None:
    broken = {"type": "function", "function": {"name": "f", "parameters": {"type": "wizard"}}}
    with pytest.raises(Refusal, match="Invalid schema for function 'f'") as refused:
        encode(hermes, ask(**CHAT, tools=[NOW, broken]))
    assert (refused.value.code, refused.value.param) == (
        "invalid_function_parameters",
        "tools[1].function.parameters",
    )


def test_a_template_that_refuses_the_messages_is_the_clients_mistake(loaded: Loaded) -> None:
    picky = with_template(loaded, "{{ raise_exception('Roles must alternate.') }}", [])
    with pytest.raises(Refusal, match="Roles must alternate") as refused:
        encode(picky, ask(**CHAT))
    assert (refused.value.status, refused.value.param) == (400, "messages")
