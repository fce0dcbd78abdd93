from __future__ import annotations

import json

import pytest

from lib.datasets.files.readers import read_table

ROWS = [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]
SHAPES = {
    "list": ROWS,
    "data": {"version": 1, "data": ROWS},
    "any key": {"items": ROWS},
    "columns": {"prompt": ["a", "c"], "completion": ["b", "d"]},
    "columns by row": {"prompt": {"0": "a", "1": "c"}, "completion": {"0": "b", "1": "d"}},
    "split": {"columns": ["prompt", "completion"], "index": [0, 1], "data": [["a", "b"], ["c", "d"]]},
    "parts": {"train": ROWS, "validation": [{"prompt": "e", "completion": "f"}]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_is_found_in_every_usual_wrapping(shape: str) -> None:
    found = read_table(json.dumps(SHAPES[shape], indent=1).encode(), "a.json")
    assert (found.columns, found.rows) == (["prompt", "completion"], [["a", "b"], ["c", "d"]])


def test_the_parts_that_were_not_read_are_named() -> None:
    found = read_table(json.dumps(SHAPES["parts"]).encode(), "a.json")
    assert "validation (1)" in found.notes[0].text()


def test_questions_that_are_keys_have_the_values_as_answers() -> None:
    text = '{"什么是AI？": "人工智能", "Why is the sky blue": "Light", "How?": "So"}'
    for name in ("a.json", "a.yaml"):
        found = read_table(text.encode(), name)
        assert (found.columns, found.rows[0]) == (["question", "answer"], ["什么是AI？", "人工智能"])


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "a", "completion": "b"},
        {"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function"}]},
        {"instruction": "x", "instances": [{"input": "a", "output": "b"}]},
        {"question": ["x"], "answer": ["y"]},
        {"conversations": [{"from": "human", "value": "x"}]},
    ],
)
def test_a_record_is_left_as_it_is(record: dict[str, object]) -> None:
    found = read_table(json.dumps(record).encode(), "a.json")
    assert (found.columns, len(found.rows)) == (list(record), 1)


@pytest.mark.parametrize("between", ["", " ", "\n", "\n\n"])
def test_objects_may_follow_one_another(between: str) -> None:
    texts = [json.dumps({"id": n, "notes": [{"x": n}]}, indent=1) for n in range(3)]
    found = read_table(between.join(texts).encode(), "a.json")
    assert (found.columns, len(found.rows)) == (["id", "notes"], 3)
    assert found.origins[1].line == texts[0].count("\n") + between.count("\n") + 1
