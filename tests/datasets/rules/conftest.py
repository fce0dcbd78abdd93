"""Builders of examples for the tests of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from lib.datasets.recipe import CHAT, COMPLETION, Recipe
from lib.datasets.rules.base import Context, Finding, Rule, view_of
from lib.datasets.table import Origin


class Bench:
    """Shows examples to one rule, as the survey does, and keeps what it found by code."""

    def __init__(self, rule: type[Rule], recipe: Recipe, limit: int | None = None) -> None:
        self.rule = rule(Context(recipe, limit))

    def look(self, records: Iterable[Mapping[str, Any]], tokens: Iterable[int | None] = ()) -> dict[str, Finding]:
        counts = iter(tokens)
        for row, record in enumerate(records):
            self.rule.look(view_of(row, Origin(row + 1), dict(record), next(counts, None)))
        return {finding.code: finding for finding in self.rule.findings()}


@pytest.fixture
def pairs_in():
    """Look at prompts and completions with a rule: pairs_in(Rule, [("p", "c")], stop="###") -> findings by code."""

    def build(rule: type[Rule], pairs: Iterable[tuple[str, str]], **marks: Any) -> dict[str, Finding]:
        recipe = Recipe(format=COMPLETION, **{"separator": "", **marks})
        records = [{"prompt": prompt, "completion": completion} for prompt, completion in pairs]
        return Bench(rule, recipe).look(records)

    return build


@pytest.fixture
def talks_in():
    """Look at conversations with a rule: talks_in(Rule, [[message, ...]]) -> findings by code."""

    def build(rule: type[Rule], talks: Iterable[list[dict[str, Any]]], **fields: Any) -> dict[str, Finding]:
        recipe = Recipe(**{"format": CHAT, "separator": "", **fields})
        return Bench(rule, recipe).look({"messages": messages} for messages in talks)

    return build


@pytest.fixture
def counted_in():
    """Look at records whose tokens are counted: counted_in(Rule, records, tokens, limit=4096) -> findings by code."""

    def build(
        rule: type[Rule], records: Iterable[Mapping[str, Any]], tokens: Iterable[int | None], limit: int, **fields: Any
    ) -> dict[str, Finding]:
        return Bench(rule, Recipe(**{"separator": "", **fields}), limit).look(records, tokens)

    return build
