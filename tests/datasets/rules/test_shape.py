from __future__ import annotations

from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.rules.shape import CHANGES, MixedFormats, UnknownKeys, UnusedColumns
from lib.datasets.table import Origin


def look(rule, recipe, *records):
    rule = rule(Context(recipe))
    for row, record in enumerate(records):
        rule.look(view_of(row, Origin(row + 1), record))
    return {finding.code: finding for finding in rule.findings()}


def test_keys_that_no_service_knows_are_taken_out_and_nothing_else():
    chat = {"messages": [], "tools": [], "id": "7", "mood": "calm"}
    finding = look(UnknownKeys, Recipe(format=CHAT), {"messages": []}, chat)["unknown_keys"]
    assert finding.title.text() == "Examples with keys that services don't know: 1 (id, mood)."
    assert CHANGES["drop_keys"](chat, finding.fix["settings"]) == {"messages": [], "tools": []}


def test_reinforcement_rows_may_hold_any_key_for_their_grader():
    assert not UnknownKeys.applies(Context(Recipe(format=REINFORCEMENT)))


def test_f11_unused_columns_are_named_without_a_warning_about_their_names():
    recipe = Recipe({"id": "ignore", "question": "prompt", "answer": "completion", "url": "ignore"})
    finding = look(UnusedColumns, recipe)["unused_columns"]
    assert (finding.severity, finding.count) == ("hint", 2)
    assert finding.title.text() == "Columns that are not used: 2 (id, url)."


def test_a_table_used_whole_is_no_finding():
    assert look(UnusedColumns, Recipe({"q": "prompt", "a": "completion"})) == {}


def test_an_example_of_another_format_is_named():
    pair, chat = {"prompt": "a", "completion": "b"}, {"messages": []}
    assert list(look(MixedFormats, Recipe(format=COMPLETION), pair, chat)["mixed_formats"].found.rows) == [1]
    assert list(look(MixedFormats, Recipe(format=CHAT), pair, chat)["mixed_formats"].found.rows) == [0]
    assert look(MixedFormats, Recipe(format=PREFERENCE), {"input": {}, "preferred_output": []}) == {}
