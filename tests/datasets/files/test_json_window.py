from __future__ import annotations

import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.files import json_window
from lib.datasets.files.json_window import BrokenDocument, BrokenValue, Window

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
def test_a_list_reads_the_same_in_pieces_of_any_size(values: list[object], indent: int | None, size: int) -> None:
    text = json.dumps(values, indent=indent)
    before, json_window.CHUNK = json_window.CHUNK, size
    try:
        found = list(Window(StringIO(text)).items())
    finally:
        json_window.CHUNK = before
    assert not any(isinstance(item, BrokenValue) for item in found)
    assert [item[1] for item in found] == values


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[1, 2\n, x]", 2, 3),
        ('[{"a": 1}\n {"a": 2}]', 2, 2),
        ('[\n\n{"a": "b}]', 3, 7),
        ("[1", 1, 3),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_is_broken_is_named_by_its_place_in_the_file(
    monkeypatch: pytest.MonkeyPatch, text: str, line: int, column: int, size: int
) -> None:
    monkeypatch.setattr(json_window, "CHUNK", size)
    with pytest.raises(BrokenDocument) as caught:
        list(Window(StringIO(text)).items())
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_value_that_can_not_be_kept_is_stepped_over() -> None:
    _first, broken, last = Window(StringIO('[1, {"a": NaN},\n 3]')).items()
    assert isinstance(broken, BrokenValue)
    assert (broken.line, broken.column) == (1, 5)
    assert last == (2, 3, "3")
