from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.rules.base import view_of
from lib.datasets.rules.texts import map_texts, more_texts, texts_in
from lib.datasets.table import Origin

values = st.recursive(
    st.text(max_size=5) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["content", "role", "x"]), inner),
    max_leaves=10,
)


def test_roles_names_ids_and_tools_are_no_texts() -> None:
    record: dict[str, Any] = {
        "messages": [{"role": "user", "name": "n", "content": [{"type": "text", "text": "a"}]}],
        "tools": [{"function": {"description": "d"}}],
        "reference": "r",
    }
    assert list(texts_in(record)) == ["a", "r"]
    assert map_texts(record, str.upper) == {
        "messages": [{"role": "user", "name": "n", "content": [{"type": "text", "text": "A"}]}],
        "tools": [{"function": {"description": "d"}}],
        "reference": "R",
    }


def test_arguments_are_read_as_what_they_mean() -> None:
    call = {"function": {"name": "f", "arguments": '{"who": "\\u4e2d", "n": [1, "b"]}'}}
    assert list(texts_in(call)) == ["中", "1", "b"]
    changed = map_texts(call, lambda text: text.replace("中", "x"))
    assert json.loads(changed["function"]["arguments"]) == {"who": "x", "n": [1, "b"]}
    assert map_texts(call, lambda text: text) is call


def test_arguments_that_are_no_json_are_a_text() -> None:
    assert map_texts({"arguments": "{broken"}, str.upper) == {"arguments": "{BROKEN"}


def test_what_the_view_leaves_out_is_found() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}
    record = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]}]}
    assert more_texts(view_of(0, Origin(1), record)) == ["b"]
    assert more_texts(view_of(0, Origin(1), {"prompt": "q", "completion": "b"})) == []


@given(values)
def test_changing_nothing_gives_the_very_same_object(value: Any) -> None:
    assert map_texts(value, lambda text: text) is value
