"""Rows of any JSON under columns of any known name: guessed, described, suggested and converted without a fault."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lib.datasets.errors import DatasetError
from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, convert, example_of
from lib.datasets.shapes.formats import WORDS, format_of
from lib.datasets.shapes.mapping import guess_roles
from lib.datasets.shapes.names import BY_NAME, LINES, VERDICTS, Role
from lib.datasets.shapes.skips import REASONS
from lib.datasets.shapes.suggest import suggest_recipe

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.sampled_from(
    ["role", "content", "from", "value", "messages", "weight", "name", "tool_calls", "input", "output"]
)
SAID = st.sampled_from(["user", "assistant", "human", "gpt", "tool", "function_call", "observation", "system", "Bob"])
LEAF = st.one_of(
    TEXT, SAID, st.none(), st.booleans(), st.integers(-9, 10**20), st.floats(allow_nan=False, allow_infinity=False)
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"role": st.one_of(SAID, VALUE), "from": SAID, "content": VALUE, "value": VALUE}
)
CELL = st.one_of(VALUE, st.lists(MESSAGE, max_size=4), st.lists(MESSAGE, max_size=3).map(json.dumps))
COLUMNS = sorted({*BY_NAME, *VERDICTS, *(name for names in LINES.values() for name in names.split()), "x"})
ROWS = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5, unique=True).flatmap(
    lambda columns: st.lists(st.dictionaries(st.sampled_from(columns), CELL, min_size=1), min_size=2, max_size=4)
)


@example([{"messages": []}, {"messages": "0"}], "chat")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from([None, "completion", "chat", "preference", "reinforcement"]))
def test_any_rows_are_converted_or_refused(rows: list[dict[str, Any]], format: str | None) -> None:
    try:
        made = read_table("\n".join(map(json.dumps, rows)).encode(), "a.jsonl")
        guess = guess_roles(made)
        recipe = suggest_recipe(made, format=format)
        found = convert(made, recipe)
    except DatasetError:
        return
    assert list(guess.roles) == list(guess.reasons) == made.columns
    assert format_of(made).code in WORDS
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    for made_of in found.examples:
        assert json.loads(json.dumps(made_of.record)) == made_of.record
        assert example_of(made_of.record, recipe) == made_of.record
    assert all(skipped.code in REASONS and skipped.reason.text() for skipped in found.skipped)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "messages", "prompt"]), CELL),
    st.dictionaries(st.sampled_from(["a", "b", "messages", "prompt"]), st.sampled_from(list(Role))),
    st.sampled_from(["completion", "chat", "preference", "reinforcement"]),
)
def test_any_row_under_any_roles_gives_a_record_or_a_reason(
    fields: dict[str, Any], roles: dict[str, str], format: str
) -> None:
    made = example_of(fields, Recipe(roles, format))
    assert made.code in REASONS if isinstance(made, Skip) else json.loads(json.dumps(made)) == made
