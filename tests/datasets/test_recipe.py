from __future__ import annotations

import pytest

from lib.datasets.recipe import Recipe


def test_a_prompt_is_given_its_marks_once() -> None:
    recipe = Recipe(separator=" ->", system_prompt="S")
    assert recipe.prompt("q") == "S\n\nq ->"
    assert recipe.prompt(recipe.prompt("q")) == recipe.prompt("q")


@pytest.mark.parametrize(
    ("record", "open_ended"), [({"separator": ""}, True), ({}, False), ({"separator": " ->"}, False)]
)
def test_older_recipes_say_by_their_separator_that_there_is_nothing_to_ask(
    record: dict[str, str], open_ended: bool
) -> None:
    assert Recipe.from_json(record).open_ended is open_ended
    assert Recipe.from_json({**record, "format": "chat"}).open_ended is False
    assert Recipe.from_json({**record, "open_ended": True}).open_ended is True
