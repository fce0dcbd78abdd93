"""Whether a file holds its examples as they are read here."""

from __future__ import annotations

import json
from pathlib import Path

from lib.datasets.recipe import CHAT, PREFERENCE, Recipe
from lib.datasets.source import open_source
from lib.workbench.as_written import read_otherwise
from lib.workbench.targets import find_target

ASK, SAY = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}


def rows_of(records: list[object], recipe: Recipe, target: str, folder: Path) -> list[int]:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return list(read_otherwise(open_source(path, path.name, folder), recipe, find_target(target)).rows)


def test_rows_that_are_understood_but_not_in_the_words_of_services_are_named(tmp_path: Path) -> None:
    plain = {"messages": [ASK, SAY], "parallel_tool_calls": False}
    generous = {"messages": [{**ASK, "role": "Human"}, SAY]}
    recipe = Recipe({"messages": "messages", "parallel_tool_calls": "keep"}, CHAT, separator="")
    assert rows_of([plain, generous, plain], recipe, "openai", tmp_path) == [1]


def test_a_preference_is_compared_in_the_spelling_of_the_service(tmp_path: Path) -> None:
    record = {"prompt": [ASK], "chosen": [SAY], "rejected": [{**SAY, "content": "c"}]}
    recipe = Recipe({"prompt": "messages", "chosen": "preferred", "rejected": "rejected"}, PREFERENCE, separator="")
    assert rows_of([record], recipe, "trl:dpo", tmp_path) == []
    assert rows_of([record], recipe, "openai", tmp_path) == [0]
