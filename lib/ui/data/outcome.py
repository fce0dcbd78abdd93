"""What is known of the file under its recipe: at once for a small one, first from a sample for a large one."""

from __future__ import annotations

import streamlit as st

from lib.datasets.convert import MINIMUM
from lib.datasets.errors import NoUsableColumns, TooFewExamples
from lib.datasets.plans import ANSWER, ASK
from lib.datasets.recipe import REINFORCEMENT
from lib.i18n import _
from lib.pricing.tokens import TokenModel, token_model
from lib.ui.data.amounts import amount, rounded
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape
from lib.workbench.report import Report
from lib.workbench.sample import SAMPLE_BYTES
from lib.workbench.survey import survey
from lib.workbench.targets import Target
from lib.workbench.traits import Traits

AT_ONCE = 2 * SAMPLE_BYTES
"""Bytes of a file that is looked at while the page waits: well under a second."""


def report(work: Work) -> Report:
    """Return the report of a small file, or that of a sample of a large one.

    Raises `NoUsableColumns` when the roles chosen leave nothing to learn from.
    """
    needed = ASK if work.recipe.format == REINFORCEMENT else ANSWER
    if not needed & set(work.recipe.roles.values()):
        raise NoUsableColumns(file=work.table.name)
    return _report(work, work.target, f"{work.key}|{work.target.name}")


def draw(work: Work, found: Report) -> None:
    """Draw in one line what the file gives."""
    told = [_("{n} examples", n=_count(found.examples, found.share))]
    if found.tokens and found.examples:
        told.append(_("{n} tokens", n=amount(found.tokens, found.share).told()))
    st.subheader(escape(" · ".join(told)), anchor=False)


def require_examples(work: Work, found: Report) -> None:
    """Raise `TooFewExamples` unless there are enough to train on."""
    if found.share >= 1 and found.examples < MINIMUM:
        left_out = found.dropped + found.n_broken + sum(len(finding.found) for finding in found.skipped)
        raise TooFewExamples(file=work.table.name, found=found.examples, minimum=MINIMUM, skipped=left_out)


def tokens_of(target: Target) -> TokenModel:
    """Return how tokens are counted for a target: by its own tokenizer, or by one that splits text alike."""
    if target.service == "engine":
        return token_model(target.model, "engine")
    return token_model(target.priced.id if target.priced else target.model)


def _count(value: float, share: float) -> str:
    return number(value) if share >= 1 else _("about {n}", n=rounded(value / share))


@st.cache_resource(max_entries=16, show_spinner=False)
def _report(_work: Work, _target: Target, key: str) -> Report:
    sample = None if _work.source.size <= AT_ONCE else SAMPLE_BYTES
    return survey(
        _work.source,
        _work.recipe,
        model=tokens_of(_target),
        limit=_target.context,
        corrections=_work.corrections,
        extra=[Traits],
        workers=1,
        sample=sample,
    )
