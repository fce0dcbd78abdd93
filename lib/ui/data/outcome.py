"""What is known of the file under its recipe: at once for a small one, first from a sample for a large one.

The whole of a large file is looked at in a process of its own (`lib.workbench.background`), so the page stays usable.
"""

from __future__ import annotations

import streamlit as st

from lib.datasets.errors import NoUsableColumns, TooFewExamples
from lib.datasets.recipe import REINFORCEMENT
from lib.datasets.shapes.convert import MINIMUM
from lib.datasets.shapes.plans import ANSWER, ASK
from lib.i18n import _
from lib.ui.data import amounts, progress
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape, show_error
from lib.workbench import background
from lib.workbench.report import Report
from lib.workbench.sample import SAMPLE_BYTES
from lib.workbench.survey import survey
from lib.workbench.traits import Traits

AT_ONCE = 2 * SAMPLE_BYTES
"""Bytes of a file that is looked at while the page waits: well under a second."""


def report(work: Work) -> Report:
    """Return the report of the whole file if it is there, else that of a sample.

    Raises `NoUsableColumns` when the roles chosen leave nothing to learn from.
    """
    needed = ASK if work.recipe.format == REINFORCEMENT else ANSWER
    if not needed & set(work.recipe.roles.values()):
        raise NoUsableColumns(file=work.table.name)
    spec = work.spec("survey")
    if work.source.size > AT_ONCE:
        try:
            return _finished(spec.key)
        except NotYet:
            return _looked(work, spec.key, SAMPLE_BYTES)
    return _looked(work, spec.key, None)


def draw(work: Work, found: Report) -> None:
    """Draw in one line what the file gives, and how far the look at a large one is."""
    told = [_("Examples: {n}", n=_count(found.examples, found.share))]
    if found.tokens and found.examples:
        told.append(_("Tokens: {n}", n=amounts.told(found.tokens, found.share)))
    st.subheader(escape(" · ".join(told)), anchor=False)
    if found.share < 1:
        progress.draw(work.spec("survey"), _("These figures are of a sample. Looking at the whole file"))


def enough(work: Work, found: Report, *, told: bool) -> bool:
    """Say whether there are enough examples to train on, and draw why not, unless another part tells it already."""
    if found.share < 1 or found.examples >= MINIMUM:
        return True
    if not told:
        left_out = found.dropped + found.n_broken + sum(len(finding.found) for finding in found.skipped)
        show_error(TooFewExamples(file=work.table.name, found=found.examples, minimum=MINIMUM, skipped=left_out))
    return False


class NotYet(Exception):
    """Nobody has looked at the whole file yet."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _finished(key: str) -> Report:
    """Return the report of a finished look; it is read from the disk once. What raises is not cached."""
    found = background.state(key)
    if isinstance(found, background.Done) and found.report:
        return found.report
    raise NotYet


@st.cache_resource(max_entries=16, show_spinner=False)
def _looked(_work: Work, key: str, sample: int | None) -> Report:
    return survey(
        _work.source,
        _work.recipe,
        model=_work.tokens,
        limit=_work.target.context,
        corrections=_work.corrections,
        validation=_work.validation,
        extra=[Traits],
        workers=1,
        sample=sample,
    )


def _count(value: float, share: float) -> str:
    return number(value) if share >= 1 else _("about {n}", n=amounts.rounded(value / share))
