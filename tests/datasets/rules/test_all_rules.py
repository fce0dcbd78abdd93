"""What every rule and every fix promises, whatever it is about."""

from __future__ import annotations

import copy
import json
import pickle
import re
from itertools import pairwise
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.datasets.applying import apply_fixes
from lib.datasets.fixes import SET_FIELD, accept, undo
from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.rules.all_rules import CHANGES, COMPARING, RULES
from lib.datasets.rules.base import Context, Finding, Rule, View, view_of
from lib.datasets.table import Origin

PHRASES = [
    "",
    " ",
    "yes",
    "nan",
    "Classify this review: ",
    "text\n",
    " ->",
    "\n\n###\n\n",
    "###",
    " END",
    "退货要多久？",
]
PHRASES += [
    "好的。",
    "PLEASE ANSWER IN CAPITALS",
    "{'a': 1}",
    "mail@example.com",
    "13800138000",
    "\u202e",
    "\u200b",
    "a b. ",
]
texts = st.lists(st.sampled_from(PHRASES), max_size=4).map("".join) | st.text(max_size=20)
calls = st.just([{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}])


def messages(roles: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    required = {"role": st.sampled_from(roles), "content": texts | st.none()}
    optional = {"weight": st.sampled_from([0, 1, 2]), "tool_calls": calls, "tool_call_id": st.just("c1"), "mood": texts}
    return st.fixed_dictionaries(required, optional=optional)


def talks(roles: str = "system user assistant tool function robot") -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(messages(roles.split()), max_size=5)


answers = st.lists(messages(["assistant"]), max_size=2)
RECORDS = {
    COMPLETION: st.fixed_dictionaries({"prompt": texts, "completion": texts}, optional={"id": texts}),
    CHAT: st.fixed_dictionaries({"messages": talks()}, optional={"tools": st.just([]), "id": texts}),
    PREFERENCE: st.fixed_dictionaries(
        {
            "input": st.fixed_dictionaries({"messages": talks("system user assistant")}),
            "preferred_output": answers,
            "non_preferred_output": answers,
        }
    ),
    REINFORCEMENT: st.fixed_dictionaries({"messages": talks()}, optional={"reference": texts}),
}
recipes = st.builds(
    Recipe,
    roles=st.just({"id": "ignore"}),
    separator=st.sampled_from(["", " ->", "\n\n###\n\n"]),
    stop=st.sampled_from(["", "###", " END"]),
    system_prompt=st.sampled_from(["", "Be brief."]),
    leading_space=st.booleans(),
    open_ended=st.booleans(),
)


def repeat_instruction(record: dict[str, Any]) -> None:
    """Begin everything that an example holds as all others begin."""
    for field in ("prompt", "completion"):
        if field in record:
            record[field] = "Answer this question of a buyer: " + record[field]
    for message in record.get("messages", ()):
        if isinstance(message["content"], str):
            message["content"] = "Be brief, and do what you are told. " * 6 + message["content"]


@st.composite
def datasets(draw: st.DrawFn) -> tuple[Context, list[View]]:
    """Return some examples of one format, several of them alike, under a recipe."""
    kind = draw(st.sampled_from(list(RECORDS)))
    recipe = Recipe(**{**draw(recipes).to_json(), "format": kind})
    some = draw(st.lists(RECORDS[kind], min_size=1, max_size=6))
    records = [copy.deepcopy(record) for record in draw(st.lists(st.sampled_from(some), max_size=30))]
    for record in records if draw(st.booleans()) else ():
        repeat_instruction(record)
    counted = draw(st.booleans())
    views = []
    for row, record in enumerate(records):
        tokens = draw(st.integers(0, 40)) if counted else None
        views.append(view_of(row, Origin(row + 1), record, tokens))
    return Context(recipe, 20 if counted else None), views


def rules_of(context: Context) -> list[Rule]:
    return [rule(context) for rule in RULES if rule.applies(context)]


def looked(context: Context, views: list[View]) -> list[Rule]:
    rules = rules_of(context)
    for view in views:
        for rule in rules:
            rule.look(view)
    return rules


def found(rules: list[Rule]) -> list[Finding]:
    return [finding for rule in rules for finding in rule.findings()]


@given(datasets(), st.lists(st.integers(0, 30), max_size=3))
@settings(deadline=None)
def test_pieces_pickled_and_merged_in_order_tell_what_one_look_tells(dataset, cuts):
    context, views = dataset
    edges = [0, *sorted(min(cut, len(views)) for cut in cuts), len(views)]
    pieces = [looked(context, views[start:end]) for start, end in pairwise(edges)]
    first, *others = [pickle.loads(pickle.dumps(piece)) for piece in pieces]  # noqa: S301 - our own
    for piece in others:
        for mine, theirs in zip(first, piece, strict=True):
            mine.merge(theirs)
    assert found(first) == found(looked(context, views))


@given(datasets())
@settings(deadline=None)
def test_every_finding_can_be_told_and_written_down(dataset):
    context, views = dataset
    for finding in found(looked(context, views)):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", finding.code)
        for note in (finding.title, finding.why, finding.todo):
            assert {name for _, name, _, _ in Formatter().parse(note.template) if name} <= note.values.keys()
            assert note.text()
        assert list(finding.found.rows) == sorted(set(finding.found.rows))
        assert len(finding.found.lines) <= 20
        if finding.fix:
            code = finding.fix["code"]
            assert code == SET_FIELD or code in CHANGES or code in COMPARING
            assert json.loads(json.dumps(finding.fix)) == finding.fix


@given(datasets())
@settings(deadline=None)
def test_every_fix_changes_nothing_the_second_time_and_never_what_it_is_given(dataset):
    context, views = dataset
    for finding in found(looked(context, views)):
        if not finding.fix or finding.fix["code"] not in CHANGES:
            continue
        change, its_settings = CHANGES[finding.fix["code"]], finding.fix["settings"]
        for view in views:
            before = copy.deepcopy(view.record)
            once = change(view.record, its_settings)
            assert view.record == before
            if once is not None:
                assert change(once, its_settings) == once


@given(datasets(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_fixes_in_any_order_change_nothing_the_second_time(dataset, chance):
    context, views = dataset
    fixes = [finding.fix for finding in found(looked(context, views)) if finding.fix]
    chance.shuffle(fixes)
    for view in views:
        once = apply_fixes(view.record, fixes)
        if once is not None:
            assert apply_fixes(once, fixes) == once


@given(datasets())
@settings(deadline=None)
def test_a_field_that_a_fix_sets_gets_back_what_it_held(dataset):
    context, views = dataset
    for finding in found(looked(context, views)):
        if finding.fix:
            accepted = accept(context.recipe, finding.fix)
            assert accepted != context.recipe
            assert undo(accepted, finding.fix) == context.recipe


@given(datasets(), st.data())
@settings(deadline=None)
def test_a_fix_leaves_records_of_any_other_format_alone(dataset, data):
    context, views = dataset
    other = data.draw(st.sampled_from([kind for kind in RECORDS if kind != context.recipe.format]))
    record = data.draw(RECORDS[other])
    for finding in found(looked(context, views)):
        if finding.fix and finding.fix["code"] in CHANGES:
            CHANGES[finding.fix["code"]](record, finding.fix["settings"])


@pytest.mark.parametrize("kind", RECORDS)
def test_a_file_without_examples_has_too_few_of_them(kind):
    rules = rules_of(Context(Recipe(format=kind), limit=100))
    assert [finding.code for finding in found(rules)] == ["too_few_examples"]


def test_codes_of_rules_are_unique():
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
