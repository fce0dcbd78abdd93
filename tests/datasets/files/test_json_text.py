from __future__ import annotations

import json
from io import BytesIO

import pytest

from lib.datasets.errors import BrokenJson, NestedTooDeep
from lib.datasets.files.encoding import Text
from lib.datasets.files.json_text import read_json
from lib.datasets.files.readers import read_table
from lib.datasets.table import JsonValue, Note


def read(text: str) -> tuple[list[tuple[int, JsonValue]], list[Note]]:
    found = read_json(Text(BytesIO(text.encode("utf-8", "surrogatepass")), "utf-8"), "a.json")
    return list(found.records), found.notes


def test_the_others_are_read_when_one_line_is_broken() -> None:
    found = read_table(
        b'{"prompt": "a", "completion": "b"}\n{"prompt": "c" "d"}\n{"prompt": "e", "completion": "f"}\n', "a.jsonl"
    )
    assert [origin.line for origin in found.origins] == [1, 3]
    assert [(note.values["line"], note.values["column"]) for note in found.notes] == [(2, 16)]


def test_a_broken_first_line_does_not_hide_the_others() -> None:
    assert len(read('{"a": }\n{"a": 1}\n{"a": 2}\n')[0]) == 2


def test_the_line_separator_of_unicode_ends_no_line() -> None:
    found = read_table('{"a": "x\u2028y"}\n{"a": "z\u2029"}\n'.encode(), "a.jsonl")
    assert found.rows == [["x\u2028y"], ["z\u2029"]]


def test_many_broken_lines_are_summed_up() -> None:
    _records, notes = read('{"a": 1}\n' + "{\n" * 30)
    assert (len(notes), notes[-1].values) == (21, {"n": 10})


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap", [lambda rows: rows, lambda rows: {"version": 1, "data": rows}, lambda rows: {"list": rows}]
)
def test_a_list_is_found_bare_or_wrapped_with_the_line_of_each_record(wrap, indent: int | None) -> None:
    rows = [{"q": "1", "data": [{"x": 1}]}, {"q": "2"}]
    text = json.dumps(wrap(rows), indent=indent)
    records, _notes = read("\n" + text)
    assert [value for _line, value in records] == rows
    whole = ("\n" + text).split("\n")
    for line, value in records if indent else []:
        assert whole[line - 1].strip() == "{"
        assert f'"q": "{value["q"]}"' in whole[line]


def test_a_single_object_is_a_single_record() -> None:
    record = {"messages": [{"role": "user", "content": "hi"}]}
    assert [value for _line, value in read(json.dumps(record, indent=1))[0]] == [record]


def test_one_conversation_is_not_taken_for_a_list_of_records() -> None:
    record = {"id": "x", "conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]}
    assert len(read(json.dumps(record))[0]) == 1


def test_a_broken_document_is_refused_with_the_place() -> None:
    with pytest.raises(BrokenJson) as caught:
        read('[\n  {"a": 1},\n  {"a": oops}\n]')
    assert (caught.value.values["line"], caught.value.values["column"]) == (3, 9)


def test_text_after_the_end_is_refused() -> None:
    with pytest.raises(BrokenJson):
        read('[{"a": 1}] and more')


def test_half_a_character_is_left_out_and_named() -> None:
    records, notes = read('[{"a": "\\ud83d"},\n {"a": "\\ud83d\\ude00"}]')
    assert [value for _line, value in records] == [{"a": "😀"}]
    assert notes[0].values["line"] == 1


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(NestedTooDeep):
        read("[" * 200_000)


def test_values_become_text_or_stay_structured() -> None:
    found = read_table(
        b'[{"a": null, "b": true, "c": 1.5, "d": {"e": 1}, "f": ["x"], "g": "001"}, {"a": "z"}]', "a.json"
    )
    assert found.rows[0] == ["", "true", "1.5", {"e": 1}, ["x"], "001"]
    assert found.rows[1] == ["z", "", "", "", "", ""]


def test_lists_of_texts_are_questions_with_answers() -> None:
    found = read_table('[["问", "答一。", "答二。"], ["Why?", "So.", "Yes."]]'.encode(), "a.json")
    assert found.columns == ["question", "answer"]
    assert found.rows == [["问", "答一。答二。"], ["Why?", "So. Yes."]]


def test_entries_of_another_kind_are_named() -> None:
    found = read_table(b'[{"a": "1"},\n{"a": "2"},\n"three"]', "a.json")
    assert (len(found.rows), found.notes[0].values["lines"]) == (2, "3")


def test_commas_between_the_lines_do_no_harm() -> None:
    records, notes = read('{"a": 1},\n{"a": 2},\n{"a": 3}\n')
    assert ([line for line, _value in records], notes) == ([1, 2, 3], [])


def test_a_list_on_each_line_is_a_record() -> None:
    found = read_table(b'["Why?", "So."]\n["How?", "Thus."]\n', "a.jsonl")
    assert found.rows == [["Why?", "So."], ["How?", "Thus."]]
