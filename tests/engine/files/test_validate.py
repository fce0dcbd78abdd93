"""Training files: what passes, and what is said of what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.engine.files.lines import LONGEST_LINE
from lib.engine.files.validate import InvalidFile, check_file
from tests.engine.support import training_data

ASK = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "hello"}
CHAT = {"messages": [ASK, ANSWER]}
PAIR = {
    "input": {"messages": [ASK], "tools": [], "parallel_tool_calls": True},
    "preferred_output": [ANSWER],
    "non_preferred_output": [{"role": "assistant", "content": "what"}],
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
CALLED = {"role": "tool", "tool_call_id": "call_1", "content": "noon"}
TOOL = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}


def check(tmp_path: Path, data: bytes, param: str = "training_file") -> str:
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    return check_file(path, param)


def refusal(tmp_path: Path, data: bytes, **given: Any) -> InvalidFile:
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    with pytest.raises(InvalidFile) as problem:
        check_file(path, **given)
    return problem.value


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def chat(*messages: object, **more: object) -> bytes:
    return lines({"messages": messages, **more})


def test_each_format_passes_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    assert check(tmp_path, training_data()) == "completion"
    assert check(tmp_path, b"\xef\xbb\xbf" + lines(*[CHAT] * 10)) == "chat"
    assert check(tmp_path, lines(*[PAIR] * 10)) == "preference"


def test_blank_lines_and_a_missing_last_newline_are_no_matter(tmp_path: Path) -> None:
    assert check(tmp_path, lines(*[CHAT] * 10).replace(b"\n", b"\r\n\n").rstrip()) == "chat"


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [ANSWER]},
        {"messages": [ASK, {"role": "assistant", "content": "a", "weight": 0}, ASK, ANSWER]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}], "name": "周"}, ANSWER]},
        {"messages": [ASK, CALLING, CALLED, ANSWER], "tools": [TOOL], "parallel_tool_calls": False},
        {"messages": [ASK, CALLING], "tools": [TOOL]},
        {
            "messages": [
                ASK,
                {"role": "assistant", "content": None, "function_call": CALL["function"]},
                {"role": "function", "name": "now", "content": "noon"},
                ANSWER,
            ],
            "functions": [{"name": "now"}],
        },
        {"messages": [ASK, ANSWER], "id": 7},
        {**PAIR, "input": {"messages": [ASK, CALLING, CALLED], "tools": [TOOL]}},
    ],
)
def test_what_openai_trains_on_passes(tmp_path: Path, record: dict) -> None:
    assert check(tmp_path, lines(*[record] * 10)) in ("chat", "preference")


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (b'{"prompt": "a", "completion": }\n', "invalid_file_format", "line 4, column 31"),
        (b'{"prompt": "a"\n', "invalid_file_format", "line 4"),
        (b'"text"\n', "invalid_file_format", "line 4"),
        (b'{"prompt": NaN, "completion": "b"}\n', "invalid_file_format", "NaN"),
        (
            b'{"prompt": "\xff", "completion": "b"}\n',
            "invalid_file_format",
            "column 13: byte 0xff is not UTF-8",
        ),
        (b'{"prompt": "\\ud800", "completion": "b"}\n', "invalid_file_format", "surrogate"),
        (b"[" * 100_000 + b"\n", "invalid_file_format", "deep"),
        (b'{"prompt": "a"}\n', "invalid_training_file", '"completion" must be a text'),
        (b'{"prompt": 1, "completion": "b"}\n', "invalid_training_file", '"prompt" must be a text'),
        (b'{"prompt": "a", "completion": " "}\n', "invalid_training_file", "nothing to learn"),
        (b'{"text": "a"}\n', "invalid_training_file", "line 4"),
        (lines({"prompt": "a", "completion": "b"}), "invalid_training_file", "line 4: it holds a completion example"),
        (chat(), "invalid_training_file", "at least one message"),
        (chat("hi"), "invalid_training_file", "role"),
        (chat({"role": ["user"], "content": "a"}, ANSWER), "invalid_training_file", "role"),
        (chat({"role": "robot", "content": "a"}, ANSWER), "invalid_training_file", "role"),
        (chat(ASK), "invalid_training_file", "no assistant message"),
        (chat(ANSWER, ASK), "invalid_training_file", "last message must be from the assistant"),
        (chat({"role": "assistant", "content": None}), "invalid_training_file", "content"),
        (chat({"role": "assistant", "content": ""}), "invalid_training_file", "nothing to learn"),
        (chat({"role": "user", "content": [{"type": "image_url"}]}, ANSWER), "invalid_training_file", "must be a text"),
        (chat(ANSWER | {"weight": 0}), "invalid_training_file", "no assistant message"),
        (chat(ANSWER | {"weight": 2}), "invalid_training_file", "weight"),
        (chat(ANSWER | {"weight": True}), "invalid_training_file", "weight"),
        (chat(ASK | {"weight": 1}, ANSWER), "invalid_training_file", "only messages of the assistant"),
        (chat(ASK | {"name": "a b"}, ANSWER), "invalid_training_file", '"name" must match'),
        (chat(ASK, CALLED, ANSWER), "invalid_training_file", "names no call"),
        (chat(ASK, CALLING, ANSWER), "invalid_training_file", "message 3 comes before a call"),
        (chat(ASK, CALLING | {"tool_calls": []}), "invalid_training_file", "at least one call"),
        (chat(ASK, CALLING | {"tool_calls": [CALL, CALL]}), "invalid_training_file", 'the "id" "call_1"'),
        (chat(ASK, CALLING | {"tool_calls": [{"id": "a"}]}), "invalid_training_file", '"type": "function"'),
        (
            chat(ASK, CALLING | {"tool_calls": [CALL | {"function": {"name": "now", "arguments": "{"}}]}),
            "invalid_training_file",
            "not JSON",
        ),
        (
            chat(ASK, CALLING | {"tool_calls": [CALL | {"function": {"name": "a b", "arguments": "{}"}}]}),
            "invalid_training_file",
            "name of a called function",
        ),
        (chat(ASK, ANSWER, tools={}), "invalid_training_file", '"tools" must be a list'),
        (chat(ASK, ANSWER, tools=[{"name": "now"}]), "invalid_training_file", '"type": "function"'),
        (chat(ASK, ANSWER, functions=[{"name": "a b"}]), "invalid_training_file", "name that matches"),
        (chat(ASK, ANSWER, functions=[{"name": "a", "parameters": 1}]), "invalid_training_file", "JSON Schema"),
        (chat(ASK, ANSWER, parallel_tool_calls="no"), "invalid_training_file", "true or false"),
        (lines(PAIR | {"input": "hi"}), "invalid_training_file", '"input" must be an object'),
        (lines(PAIR | {"input": {"messages": [ASK, ANSWER]}}), "invalid_training_file", "must not be from the"),
        (lines(PAIR | {"preferred_output": []}), "invalid_training_file", '"preferred_output" must be a list'),
        (lines(PAIR | {"non_preferred_output": [ASK]}), "invalid_training_file", "must be from the assistant"),
        (lines(PAIR | {"preferred_output": [ANSWER | {"content": ""}]}), "invalid_training_file", "nothing to compare"),
        (lines({"input": {"messages": [ASK]}, "preferred_output": [ANSWER]}), "invalid_training_file", "non_pref"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, bad: bytes, code: str, words: str) -> None:
    error = refusal(tmp_path, lines(*[CHAT] * 3) + bad + lines(*[CHAT] * 10)).error()
    assert (error["code"], error["param"]) == (code, "training_file")
    assert "line 4" in error["message"].lower()
    assert words.lower() in error["message"].lower()


def test_the_first_of_many_bad_lines_are_named_and_all_are_counted(tmp_path: Path) -> None:
    good, bad = lines(CHAT), lines({"messages": []})
    two = refusal(tmp_path, good + bad + good + b"{\n" + good)
    assert two.code == "invalid_training_file"
    assert two.message == (
        'Training file: 2 lines cannot be used: line 2: "messages" must be a list with at least one message; '
        "line 4, column 2: Expecting property name enclosed in double quotes."
    )
    assert refusal(tmp_path, bad * 7).message.endswith("; and 4 more.")
    assert "at least 1000 lines" in refusal(tmp_path, bad * 2000).message


def test_nine_examples_are_too_few(tmp_path: Path) -> None:
    problem = refusal(tmp_path, training_data(examples=9))
    assert problem.code == "invalid_n_examples"
    assert problem.message == "Training file has 9 example(s), but must have at least 10 examples."


def test_more_examples_than_are_taken_are_refused(tmp_path: Path) -> None:
    problem = refusal(tmp_path, training_data(examples=12), most=11)
    assert (problem.code, problem.message) == (
        "invalid_n_examples",
        "Training file has more than 11 examples, the most taken.",
    )


def test_a_validation_file_is_blamed_as_such(tmp_path: Path) -> None:
    problem = refusal(tmp_path, b"{}\n", param="validation_file")
    assert (problem.code, problem.param) == ("invalid_validation_file", "validation_file")


def test_a_line_that_never_ends_is_refused_without_reading_it_into_memory(tmp_path: Path) -> None:
    problem = refusal(tmp_path, b"a" * (2 * LONGEST_LINE) + b"\n" + training_data())
    assert problem.code == "invalid_file_format"
    assert "longer than 16 MiB" in problem.message
    assert "lines" not in problem.message


FIELDS = [
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "function_call",
    "tool_call_id",
    "id",
    "type",
    "function",
    "arguments",
    "text",
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["assistant", "user", "tool"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
KEYS = ["messages", "tools", "functions", "parallel_tool_calls", "input", "preferred_output", "non_preferred_output"]
example_like = st.dictionaries(st.sampled_from([*KEYS, "prompt", "completion"]), anything)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.lists(example_like, max_size=3).map(lambda records: lines(*records)))
def test_any_bytes_pass_or_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    try:
        assert check_file(path, minimum=0) in ("chat", "completion", "preference", "")
    except InvalidFile:
        return  # in words: any other exception fails the test


messages_like = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool", "function"])},
        optional={
            "content": anything,
            "weight": anything,
            "tool_calls": st.lists(st.just(CALL) | anything, max_size=2),
            "tool_call_id": st.just("call_1") | anything,
            "function_call": anything,
            "name": anything,
        },
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages_like, messages_like, messages_like)
def test_any_messages_pass_or_are_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, first: list, second: list, third: list
) -> None:
    path = tmp_path_factory.getbasetemp() / "messages.jsonl"
    pair = {"input": {"messages": first}, "preferred_output": second, "non_preferred_output": third}
    for record in ({"messages": first}, pair):
        path.write_bytes(lines(record))
        try:
            assert check_file(path, minimum=0) in ("chat", "preference")
        except InvalidFile:
            continue
