"""Recipes from files that anybody may have edited."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib.datasets.fixes import accept, set_field
from lib.datasets.recipe import Recipe
from lib.datasets.saved_recipe import load_recipe

ROLES = {"ask": "prompt", "say": "completion"}


def written(**changes: Any) -> bytes:
    return json.dumps({"roles": ROLES, **changes}).encode()


def test_a_recipe_comes_back_as_it_was_saved() -> None:
    recipe = accept(Recipe(ROLES), set_field(Recipe(ROLES), "stop", "###"))
    recipe = accept(recipe, {"code": "redact", "settings": {"kind": "mail", "placeholder": "[EMAIL]"}})
    recipe = accept(recipe, {"code": "duplicate_rows", "settings": {}})
    assert load_recipe(b"\xef\xbb\xbf" + json.dumps(recipe.to_json()).encode()) == recipe


def test_keys_of_other_versions_are_left_aside_and_missing_ones_take_their_default() -> None:
    assert load_recipe(written(colour="blue")) == Recipe(ROLES, separator=" ->")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{", "Expecting"),
        (b"\xff\xfe", "utf-8"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "roles"),
        (b"{}", "roles"),
        (written(roles={"ask": "poet"}), "ask: poet"),
        (written(format="nonsense"), "format: nonsense"),
        (written(separator=5), "separator"),
        (written(fixes="x"), "fixes"),
        (written(fixes=[5]), "fixes: 5"),
        (written(fixes=[{"code": "shuffle", "settings": {}}]), "shuffle"),
        (written(fixes=[{"code": "redact", "settings": {}}]), "redact"),
        (written(fixes=[{"code": "set_field", "settings": {"field": "nothing", "value": 1, "before": 1}}]), "nothing"),
        (written(fixes=[{"code": "set_field", "settings": {"field": "stop", "value": 1, "before": ""}}]), "stop"),
        (written(speakers={"ann": 5}), "ann"),
    ],
)
def test_what_is_no_recipe_is_named(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        load_recipe(data)
