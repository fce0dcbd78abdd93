from __future__ import annotations

import pytest

from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES, Sample, sample
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import suggest_recipe

WANTED = {"stories": 400, "sarcastic_facts": 60, "headlines": 60, "products": 60, "listener": 50}


@pytest.mark.parametrize("given", SAMPLES, ids=lambda given: given.key)
def test_every_sample_converts_whole_with_the_suggested_recipe(given: Sample) -> None:
    made = read_table(given.file.read_bytes(), given.file.name)
    found = convert(made, suggest_recipe(made))
    assert len(found.examples) >= WANTED[given.key]
    assert not found.skipped
    assert not made.notes
    assert all((given.title, given.lesson, given.ask))


def test_the_stories_are_asked_for_by_dynasty_power_and_mood() -> None:
    given = sample("stories")
    assert given
    made = read_table(given.file.read_bytes(), given.file.name)
    recipe = suggest_recipe(made)
    assert list(recipe.roles.values()) == ["prompt", "prompt", "prompt", "completion"]
    values = [set(map(str, made.column(name))) for name in made.columns[:3]]
    asked = given.ask.split(recipe.joiner)
    assert all(part in known for part, known in zip(asked, values, strict=True))


def test_a_product_is_asked_for_with_as_many_values_as_it_has_columns() -> None:
    given = sample("products")
    assert given
    made = read_table(given.file.read_bytes(), given.file.name)
    assert len(given.ask.split(suggest_recipe(made).joiner)) == len(made.columns) - 1


def test_an_unknown_sample_is_none() -> None:
    assert sample("nothing") is None
