from __future__ import annotations

from collections.abc import Callable

import pytest

from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import SEPARATORS, STOPS, suggest_recipe
from lib.datasets.table import Table

Build = Callable[..., Table]


def test_the_usual_marks_are_suggested_when_they_are_free(table: Build) -> None:
    recipe = suggest_recipe(table("prompt completion", ["唐", "一个故事。"], ["宋", "另一个。"]))
    assert (recipe.format, recipe.separator, recipe.stop) == ("completion", " ->", "###")
    assert not recipe.leading_space


def test_marks_that_occur_in_a_text_give_way_to_the_next(table: Build) -> None:
    recipe = suggest_recipe(table("prompt completion", ["a -> b", "## x ### y"], ["c", "d"]))
    assert (recipe.separator, recipe.stop) == (SEPARATORS[1], STOPS[1])


def test_a_mark_that_would_be_found_too_early_is_not_free(table: Build) -> None:
    assert suggest_recipe(table("prompt completion", ["a", "a #"], ["b", "c"])).stop != "###"


def test_there_is_always_a_free_mark(table: Build) -> None:
    every = " | ".join([*SEPARATORS, *STOPS, "\n\n### 1 ###\n\n"])
    recipe = suggest_recipe(table("prompt completion", [every, every], ["b", "c"]))
    assert recipe.separator not in every
    assert recipe.stop not in every


def test_marks_that_are_there_are_kept_and_not_put_twice(table: Build) -> None:
    made = table("prompt completion", ["a ->", " x END"], ["b ->", " y END"], shape="completion")
    recipe = suggest_recipe(made)
    assert (recipe.separator, recipe.stop) == (" ->", " END")
    assert convert(made, recipe).records[0] == {"prompt": "a ->", "completion": " x END"}


def test_a_mark_that_ends_all_texts_is_kept_though_it_also_stands_inside_one(table: Build) -> None:
    rows = [[f"{n} ->", f"answer {n} END"] for n in range(9)]
    assert suggest_recipe(table("prompt completion", *rows, ["x -> y ->", "z END z END"])).separator == " ->"
    assert suggest_recipe(table("prompt completion", *rows, ["x ->", "z END z END"])).stop == " END"
    lines = [[f"{n} ->", f"answer {n}\n"] for n in range(9)]
    assert suggest_recipe(table("prompt completion", *lines, ["x ->", "one\ntwo\n"])).stop == "\n"
    poems = [[f"{n} ->", f"one\ntwo {n}\n"] for n in range(9)]
    assert suggest_recipe(table("prompt completion", *poems)).stop == "###"


def test_a_full_stop_is_a_stop_sequence_only_in_a_prepared_file(table: Build) -> None:
    assert suggest_recipe(table("prompt completion", ["a ->", "句子。."], ["b ->", "句子。."])).stop == "."
    assert suggest_recipe(table("prompt completion", ["a", "One."], ["b", "Two."])).stop == "###"


def test_marks_of_a_prepared_file_are_taken_off_for_chat(table: Build) -> None:
    made = table("prompt completion", ["a ->", " x END"], ["b ->", " y END"], shape="completion")
    records = convert(made, suggest_recipe(made, format="chat")).records
    assert records[0]["messages"] == [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}]


@pytest.mark.parametrize(
    ("completion", "space"),
    [("Word", True), ("été", True), ("слово", True), ("字", False), (" Word", False), ("{", False)],
)
def test_a_leading_space_is_for_scripts_that_put_spaces_between_words(
    table: Build, completion: str, space: bool
) -> None:
    assert suggest_recipe(table("prompt completion", ["a", completion], ["b", completion])).leading_space is space


@pytest.mark.parametrize(
    ("cells", "joiner"), [(["唐", "隐形"], ","), (["唐,宋", "x"], "\n"), (["Long " * 9, "x"], "\n")]
)
def test_short_values_are_joined_by_commas_and_texts_by_lines(table: Build, cells: list[str], joiner: str) -> None:
    assert suggest_recipe(table("a b story", [*cells, "long " * 30])).joiner == joiner


def test_text_without_prompts_gets_no_separator(table: Build) -> None:
    recipe = suggest_recipe(table("text", ["one"], ["two"]))
    assert (recipe.separator, recipe.stop) == ("", "###")


def test_conversations_stay_chat_and_their_system_text_is_told_when_made_to_completions(table: Build) -> None:
    talk = [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    made = table("messages", [talk], [talk], shape="chat")
    assert (suggest_recipe(made).format, suggest_recipe(made).system_prompt) == ("chat", "S")
    recipe = suggest_recipe(made, format="completion")
    assert recipe.system_prompt == "S"
    assert convert(made, recipe).records[0] == {"prompt": "S\n\na ->", "completion": " b###"}
    assert recipe.prompt("a") == "S\n\na ->"


def test_system_columns_make_chat(table: Build) -> None:
    assert suggest_recipe(table("system prompt completion", ["s", "a", "b"])).format == "chat"
