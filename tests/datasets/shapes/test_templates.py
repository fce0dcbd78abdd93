from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.errors import BrokenTemplate, UnknownColumn
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.templates import names, placeholder, preview, render
from lib.datasets.table import Table

Build = Callable[..., Table]
ROLES = {"dynasty": "prompt", "power": "prompt", "story": "completion"}


def test_a_template_builds_the_prompt_from_several_columns(table: Build) -> None:
    made = table("dynasty power story", ["唐", "飞行", "从前"], ["宋", "隐形", "有一天"])
    recipe = Recipe(ROLES, prompt_template="写一个{dynasty}代的故事，能力：{power}", separator=" ->")
    assert preview(recipe.prompt_template, made, 1) == ["写一个唐代的故事，能力：飞行"]
    assert convert(made, recipe).records[1]["prompt"] == "写一个宋代的故事，能力：隐形 ->"


def test_columns_need_no_role_to_stand_in_a_template(table: Build) -> None:
    recipe = Recipe({"a": "ignore", "b": "completion"}, prompt_template="{a}!", separator="")
    assert convert(table("a b", ["x", "y"]), recipe).records == [{"prompt": "x!", "completion": "y"}]


def test_doubled_braces_are_braces() -> None:
    assert render('{{"power": "{a}"}}', {"a": "x"}) == '{"power": "x"}'
    assert render("{{{a}}}", {"a": "x"}) == "{x}"
    assert render("}", {}) == ""


@pytest.mark.parametrize("cell", [{"t": None, "名": "唐"}, [1, "b"]])
def test_structured_cells_are_json_in_a_template(cell: object) -> None:
    assert render("{a}", {"a": cell}) in ('{"t": null, "名": "唐"}', '[1, "b"]')


def test_a_name_that_is_not_there_is_refused_with_those_that_are(table: Build) -> None:
    made = table("a b", ["x", "y"])
    with pytest.raises(UnknownColumn) as caught:
        convert(made, Recipe({"b": "completion"}, prompt_template="{a} {mood}"))
    assert caught.value.values == {"file": "test.csv", "column": "mood", "columns": "a, b"}
    assert "a, b" in caught.value.explain().todo


def test_a_brace_that_is_never_closed_is_refused_with_its_place(table: Build) -> None:
    with pytest.raises(BrokenTemplate) as caught:
        preview("abc {a", table("a", ["x"]))
    assert caught.value.values["place"] == 5
    assert "{{" in caught.value.explain().todo


def test_a_row_with_nothing_to_put_in_is_left_out(table: Build) -> None:
    recipe = Recipe({"b": "completion"}, prompt_template="Tell of {a}")
    found = convert(table("a b", ["", "y"], ["x", "y"]), recipe)
    assert [skipped.code for skipped in found.skipped] == ["empty_prompt"]


@given(st.text(min_size=1, max_size=8), st.text(max_size=8))
def test_a_column_of_any_name_works(column: str, cell: str) -> None:
    template = f"<{placeholder(column)}>"
    assert names(template) == [column]
    assert render(template, {column: cell}) == (f"<{cell}>" if cell.strip() else "")


def test_a_template_is_not_put_twice_around_a_prompt_it_has_made(table: Build) -> None:
    recipe = Recipe({"prompt": "prompt", "completion": "completion"}, prompt_template="Q: {prompt}", stop="###")
    once = convert(table("prompt completion", ["why", "so"]), recipe).records
    assert once == [{"prompt": "Q: why ->", "completion": "so###"}]
    again = table("prompt completion", ["Q: why ->", "so###"], shape="completion")
    assert convert(again, recipe).records == once
