"""Training files: what passes, and what is said of what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.engine.validate import InvalidFile, check_file
from tests.engine.support import training_data

CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}


def check(tmp_path: Path, data: bytes, param: str = "training_file") -> str:
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    return check_file(path, param)


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_both_formats_pass_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    assert check(tmp_path, training_data()) == "completion"
    assert check(tmp_path, b"\xef\xbb\xbf" + lines(*[CHAT] * 10)) == "chat"


def test_blank_lines_and_a_missing_last_newline_are_no_matter(tmp_path: Path) -> None:
    assert check(tmp_path, lines(*[CHAT] * 10).replace(b"\n", b"\r\n\n").rstrip()) == "chat"


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (b'{"prompt": "a", "completion": }\n', "invalid_file_format", "Line 4, column 31"),
        (b'{"prompt": "a"\n', "invalid_file_format", "Line 4"),
        (b'"text"\n', "invalid_file_format", "Line 4"),
        (b'{"prompt": NaN, "completion": "b"}\n', "invalid_file_format", "NaN"),
        (b'{"prompt": "\xff", "completion": "b"}\n', "invalid_file_format", "Line 4, column 13: not UTF-8"),
        (b'{"prompt": "\\ud800", "completion": "b"}\n', "invalid_file_format", "surrogate"),
        (b"[" * 100_000 + b"\n", "invalid_file_format", "deep"),
        (b'{"prompt": "a"}\n', "invalid_training_file", '"completion" must be a text'),
        (b'{"prompt": 1, "completion": "b"}\n', "invalid_training_file", '"prompt" must be a text'),
        (b'{"prompt": "a", "completion": " "}\n', "invalid_training_file", "nothing to learn"),
        (b'{"text": "a"}\n', "invalid_training_file", "line 4"),
        (lines({"input": {}, "preferred_output": []}), "invalid_training_file", "prefers one answer"),
        (lines({"messages": []}), "invalid_training_file", "at least one message"),
        (lines({"messages": ["hi"]}), "invalid_training_file", "role"),
        (lines({"messages": [{"role": "robot", "content": "a"}]}), "invalid_training_file", "role"),
        (lines({"messages": [{"role": "user", "content": "a"}]}), "invalid_training_file", "no assistant message"),
        (lines({"messages": [{"role": "assistant", "content": None}]}), "invalid_training_file", "content"),
        (
            lines({"messages": [{"role": "assistant", "content": "a", "weight": 0}]}),
            "invalid_training_file",
            "no assistant message",
        ),
        (
            lines({"messages": [{"role": "assistant", "content": "a", "weight": 2}]}),
            "invalid_training_file",
            "weight",
        ),
        (lines({"prompt": "a", "completion": "b"}), "invalid_training_file", "another format than line 1"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, bad: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidFile) as problem:
        check(tmp_path, lines(*[CHAT] * 3) + bad + lines(*[CHAT] * 10))
    error = problem.value.error()
    assert (error["code"], error["param"]) == (code, "training_file")
    assert words.lower() in error["message"].lower()


def test_nine_examples_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as problem:
        check(tmp_path, training_data(examples=9))
    assert problem.value.code == "invalid_n_examples"
    assert problem.value.message == "Training file has 9 example(s), but must have at least 10 examples."


def test_a_validation_file_is_blamed_as_such(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as problem:
        check(tmp_path, b"{}\n", "validation_file")
    assert (problem.value.code, problem.value.param) == ("invalid_validation_file", "validation_file")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.lists(st.dictionaries(st.text(), st.none() | st.text())).map(lambda r: lines(*r)))
def test_any_bytes_pass_or_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    try:
        assert check_file(path, minimum=0) in ("chat", "completion", "")
    except InvalidFile:
        return  # in words: any other exception fails the test
