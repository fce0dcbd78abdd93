from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.fixes import accept, set_field, undo
from lib.datasets.recipe import Fix, Recipe

DROP: Fix = {"code": "drop", "settings": {}}
FIELDS = st.sampled_from([("separator", " =>"), ("stop", "!"), ("leading_space", True), ("prompt_template", "{a}")])


def test_a_field_is_set_and_given_back() -> None:
    recipe = Recipe({"a": "prompt"})
    fix = set_field(recipe, "stop", "END")
    accepted = accept(recipe, fix)
    assert (accepted.stop, accepted.fixes) == ("END", [fix])
    assert accept(accepted, fix) == accepted
    assert undo(accepted, fix) == recipe
    assert undo(recipe, fix) == recipe


@given(st.lists(FIELDS, max_size=6))
def test_undoing_all_in_reverse_restores_the_recipe(changes: list[tuple[str, object]]) -> None:
    recipes = [Recipe({"a": "prompt"}, fixes=[DROP])]
    for field, value in changes:
        recipes.append(accept(recipes[-1], set_field(recipes[-1], field, value)))
    for now, before in zip(reversed(recipes), reversed(recipes[:-1]), strict=False):
        assert (undo(now, now.fixes[-1]) if now != before else before) == before
    assert Recipe.from_json(recipes[-1].to_json()) == recipes[-1]


@given(st.lists(FIELDS, max_size=5), st.randoms(use_true_random=False))
def test_undoing_all_in_any_order_restores_the_recipe(changes: list[tuple[str, object]], random: Random) -> None:
    first = recipe = Recipe({"a": "prompt"}, stop="#")
    for field, value in changes:
        recipe = accept(recipe, set_field(recipe, field, value))
    while recipe.fixes:
        recipe = undo(recipe, random.choice(recipe.fixes))
    assert recipe == first


def test_a_field_that_was_set_again_keeps_the_later_value() -> None:
    first = Recipe()
    one = set_field(first, "stop", "A")
    two = set_field(accept(first, one), "stop", "B")
    both = accept(accept(first, one), two)
    left = undo(both, one)
    assert left.stop == "B"
    assert undo(left, left.fixes[0]) == first
