"""What the chosen service would refuse of a dataset version, found before anything is sent."""

from __future__ import annotations

import streamlit as st

from lib import library
from lib.datasets import jsonl
from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, view_of
from lib.datasets.table import Origin
from lib.i18n import sentences
from lib.library import Version
from lib.providers.provider import PROVIDERS
from lib.ui.data.findings import lines
from lib.ui.train.form import Measured
from lib.ui.train.models import Choice
from lib.workbench.targets import UnknownTarget, find_target
from lib.workbench.traits import Traits
from lib.workbench.verdict import Outcome, Verdict, judge

SAID_ELSEWHERE = frozenset({"format_not_taken", "too_few_examples", "over_long_cut", "retired_model"})
"""Findings that the form itself tells, with what to do about them here."""


def refused(choice: Choice, version: Version, measured: Measured) -> list[str]:
    """Return, in plain text, what keeps the service from taking the examples as they are."""
    verdict = _verdict(choice, version, measured)
    return [_told(finding) for finding in verdict.failures if finding.code not in SAID_ELSEWHERE] if verdict else []


def doubted(choice: Choice, version: Version, measured: Measured) -> list[str]:
    """Return what the service takes, though not as it may be meant."""
    verdict = _verdict(choice, version, measured)
    return [_told(finding) for finding in verdict.warnings if finding.code not in SAID_ELSEWHERE] if verdict else []


def _verdict(choice: Choice, version: Version, measured: Measured) -> Verdict | None:
    """Hold the version against the model; None where nobody wrote down what the service takes."""
    try:
        target = find_target(f"{choice.service}:{choice.id}")
    except UnknownTarget:
        return None
    bom = PROVIDERS[choice.service].byte_order_mark
    return judge(target, Outcome(_traits(version.id), version.size, bom, measured.count))


def _told(finding: Finding) -> str:
    return sentences(finding.title.text(), finding.todo.text(), lines(finding))


@st.cache_data(max_entries=16, show_spinner=False)
def _traits(version_id: str) -> Traits:
    """Look at every example once."""
    seen = Traits(Context(Recipe()))
    for row, (line, record) in enumerate(jsonl.read(library.version_bytes(version_id))):
        seen.look(view_of(row, Origin(line), record))
    return seen
