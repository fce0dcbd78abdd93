from __future__ import annotations

import json
from array import array
from collections import Counter

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, Found
from lib.datasets.table import Note, Origin
from lib.pricing.tokens import TokenCount
from lib.workbench.report import BrokenPlace, Report
from lib.workbench.report_json import from_json, to_json
from lib.workbench.traits import Traits

NOTE = Note("{n} rows", {"n": 2, "name": "甲"}, Origin(3, "Sheet1"))
FINDING = Finding(
    "duplicate_rows",
    "warning",
    NOTE,
    Note("why"),
    Note("todo"),
    Found(array("Q", [1, 2**40]), [2, 3]),
    {"code": "duplicate_rows", "settings": {"a": [1, "b"]}},
    7,
)
TOKENS = TokenCount(5, 6, 1, 2, Counter({"user": 3}), array("I", [5, 6]), "o200k_base")


def test_a_report_survives_json_exactly() -> None:
    report = Report(9, 8, 1, ["a"], [BrokenPlace(4, 5, "?")], 30, [FINDING], [FINDING], TOKENS, None, 0.25)
    assert from_json(json.loads(json.dumps(to_json(report)))) == report


def test_traits_survive_json() -> None:
    traits = Traits(Context(Recipe()))
    traits.examples, traits.formats, traits.found = 3, {"chat": 3}, {"role:tool": Found(array("Q", [1]), [2])}
    found = from_json(json.loads(json.dumps(to_json(Report(3, 3, 0, [], traits=traits))))).traits
    assert found is not None
    assert (found.examples, found.formats, found.found) == (3, traits.formats, traits.found)
