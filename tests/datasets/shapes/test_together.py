from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from lib.datasets.jsonl import BrokenLine
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, example_of
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.shapes.together import together
from lib.datasets.source import SourceRow, chunks, open_source, read_chunk

LINES = [
    {"thread_id": "a", "turn": 2, "role": "assistant", "text": "It is on its way to you."},
    {"thread_id": "b", "turn": 1, "role": "user", "text": "Can I change the address?"},
    {"thread_id": "a", "turn": 1, "role": "user", "text": "Where is my order of last week?"},
    {"thread_id": "c", "turn": 1, "role": "Bob", "text": "Who am I?"},
    {"thread_id": "b", "turn": 10, "role": "assistant", "text": "Yes."},
    {"thread_id": "b", "turn": 9, "role": "user", "text": "Hello?"},
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES) + "{broken\n")
    return path


def test_a_streamed_file_becomes_one_of_conversations(log: Path, tmp_path: Path) -> None:
    source = open_source(log, log.name, tmp_path)
    recipe = suggest_recipe(source.table)
    found = together(source, recipe, tmp_path)
    rows = [row for piece in chunks(found) for row in read_chunk(piece) if isinstance(row, SourceRow)]
    made = [example_of(row.fields, recipe) for row in rows]
    assert [row.origin.line for row in rows] == [1, 2, 4]
    assert [[m["content"] for m in record["messages"]] for record in made if isinstance(record, dict)] == [
        ["Where is my order of last week?", "It is on its way to you."],
        ["Can I change the address?", "Hello?", "Yes."],
    ]
    left_out = [record for record in made if isinstance(record, Skip)]
    assert [(skip.code, "Bob" in skip.reason.text()) for skip in left_out] == [("unknown_speaker", True)]
    assert any("Line 7" in note.text() for note in found.table.notes)
    assert (found.table.shape, found.table.columns) == ("chat", ["messages"])


def test_it_is_written_once_and_again_when_the_roles_change(log: Path, tmp_path: Path) -> None:
    source = open_source(log, log.name, tmp_path)
    recipe = suggest_recipe(source.table)
    once = together(source, recipe, tmp_path)
    assert together(source, recipe, tmp_path).path == once.path
    told = Recipe(recipe.roles, "chat", speakers={"Bob": "user"})
    assert together(source, told, tmp_path).path != once.path
    assert together(once, recipe, tmp_path) is once


def test_a_row_with_several_instances_becomes_a_row_for_each(tmp_path: Path) -> None:
    path = tmp_path / "seed.jsonl"
    instances = [{"input": "", "output": "2"}, {"input": "x", "output": "4"}]
    path.write_text("".join(json.dumps({"instruction": f"Do {n}", "instances": instances}) + "\n" for n in range(3)))
    source = open_source(path, path.name, tmp_path)
    recipe = suggest_recipe(source.table)
    found = together(source, recipe, tmp_path)
    rows = [row for piece in chunks(found) for row in read_chunk(piece) if isinstance(row, SourceRow)]
    assert [row.origin.line for row in rows] == [1, 1, 2, 2, 3, 3]
    assert all(isinstance(example_of(row.fields, recipe), dict) for row in rows)


def test_a_file_of_another_kind_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question,answer\na,b\nc,d\n")
    source = open_source(path, path.name, tmp_path)
    assert together(source, suggest_recipe(source.table), tmp_path) is source


def test_broken_lines_do_not_end_the_reading(log: Path, tmp_path: Path) -> None:
    source = open_source(log, log.name, tmp_path)
    kinds = Counter(type(row) for piece in chunks(source) for row in read_chunk(piece))
    assert kinds[BrokenLine] == 1
    assert together(source, suggest_recipe(source.table), tmp_path).rows == 3
