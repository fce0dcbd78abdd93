"""An example as the model reads it: what it learns to write on one ground, what it only reads on another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import streamlit as st

from lib.datasets.rules.base import Record
from lib.errors import TuneboardError
from lib.i18n import _
from lib.pricing.model_view import Span, model_view, runs
from lib.ui.data import panes
from lib.ui.data.colours import ground
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape, show_error

LONGEST = 6000
"""Characters that are drawn; the count is of all of them."""
LEARNT, READ, MARK, CUT = "green", "gray", "violet", "red"
OPENS = ("<|im_start|>", "<|system|>", "<|user|>", "<|assistant|>")
"""Marks of the format that begin a message; each is drawn on a line of its own."""


def draw(record: Record, work: Work) -> None:
    """Draw the example with the template of the chosen model, and where its limit cuts it."""
    limit = work.target.context
    try:
        spans = model_view(record, work.tokens, limit)
    except TuneboardError as error:
        show_error(error)
        return
    total, learnt = (sum(span.tokens for span in spans if span.trained >= least) for least in (False, True))
    counted = {"n": number(total), "learnt": number(learnt)}
    st.caption(escape(_("Tokens: {n}. The model learns to write {learnt} of them.", **counted)))
    legend = [(LEARNT, _("learns to write")), (READ, _("only reads")), (MARK, _("marks of the format"))]
    if any(span.cut for span in spans):
        legend.append((CUT, _("beyond the limit")))
    st.markdown(" ".join(ground(told, colour) for colour, told in legend))
    with st.container(border=True, height=panes.height(["".join(span.text for span in spans)])):
        st.markdown("".join(_drawn(runs(spans), limit)))


def _drawn(spans: Iterable[Span], limit: int | None) -> Iterator[str]:
    """Yield the spans as Markdown, the limit where it falls."""
    room, cut = LONGEST, False
    for at, span in enumerate(spans):
        if span.cut and not cut:
            cut = True
            yield f"\n\n:red-badge[{escape(_('Limit: {n} tokens', n=number(limit or 0)))}]\n\n"
        if at and span.special and span.text in OPENS:
            yield "  \n"
        yield ground(span.text[:room], CUT if span.cut else MARK if span.special else LEARNT if span.trained else READ)
        room -= len(span.text)
        if room <= 0:
            yield " …"
            return
