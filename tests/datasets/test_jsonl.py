from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.config import ROOT
from lib.datasets import jsonl

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5))
@example([{"prompt": "a\u2028b\u2029c\x85d\x0be", "completion": "\r\n"}])
def test_what_is_written_is_read_again(records: list[dict[str, object]]) -> None:
    found = list(jsonl.read(jsonl.write(records)))
    assert [record for _line, record in found] == records
    assert [line for line, _record in found] == list(range(1, len(records) + 1))


def test_text_is_written_as_it_is_in_utf8_without_a_mark() -> None:
    assert jsonl.write([{"a": "唐"}]) == '{"a": "唐"}\n'.encode()


def test_blank_lines_and_a_byte_order_mark_do_no_harm() -> None:
    assert list(jsonl.read(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2}')) == [(1, {"a": 1}), (4, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (b'{"a": 1,}', 9, "property name"),
        (b'{"a": NaN}', 1, "NaN"),
        (b'{"a": 1e999}', 1, "too large"),
        (b'{"a": 1, "a": 2}', 1, "twice"),
        (b'["a"]', 1, "a list"),
        (b"true", 1, "true or false"),
        (b'{"a": "\\ud800"}', 8, "half a character"),
        (b'{"a": "\xff"}', 8, "0xff"),
        (b'{"a": ' + b"9" * 5000 + b"}", 1, "too many digits"),
        (b'{"a": ' + b"[" * 200_000, 106, "100 levels"),
    ],
)
def test_a_broken_line_is_named_with_its_place(line: bytes, column: int, words: str) -> None:
    with pytest.raises(jsonl.BrokenLine, match=words) as caught:
        list(jsonl.read(b'{"good": 1}\n' + line))
    assert (caught.value.line, caught.value.column) == (2, column)


def test_a_scan_goes_on_after_a_broken_line() -> None:
    found = list(jsonl.scan(b'{"a": 1}\n{"a": \n{"a": 3}'))
    assert [isinstance(item, jsonl.BrokenLine) for item in found] == [False, True, False]


def test_brackets_inside_texts_do_not_count_as_depth() -> None:
    record = {"a": "[" * 500 + '"' + "{" * 500}
    assert list(jsonl.read(jsonl.write([record]))) == [(1, record)]


@given(st.text())
def test_no_line_whatever_breaks_the_parser(text: str) -> None:
    jsonl.parse(text)
    jsonl.parse(json.dumps({"a": text}))


def test_the_module_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, lib.datasets.jsonl; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"yaml", "pandas", "charset_normalizer", "babel", "pydantic", "streamlit"} & set(loaded.split())
