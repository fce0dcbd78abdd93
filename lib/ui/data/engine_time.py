"""How long the engine on this machine would train its starter on the examples. It costs nothing."""

from __future__ import annotations

import streamlit as st

from lib.datasets.source import chunks
from lib.i18n import _, sentences
from lib.pricing.estimate import estimate_engine
from lib.pricing.tokens import TokenCount, TokenMeter, token_model
from lib.ui.data.work import Work
from lib.ui.format import MINUTE, duration
from lib.ui.text import escape
from lib.ui.train.models import choices
from lib.workbench.examples import Plan, Tally, examples_of
from lib.workbench.sample import SAMPLE_BYTES, share_of, spread


def draw(work: Work, epochs: int | None) -> None:
    """Draw the minutes; nothing where there is no engine that says how quick it is."""
    if work.recipe.format not in ("completion", "chat"):
        return
    starter = next((choice for choice in choices()[0].values() if choice.is_starter and choice.remote), None)
    if starter is None or starter.remote is None or not starter.remote.tokens_per_second:
        return
    count, share = _count(work, work.spec("prepare").key)
    total = round(count.total / share)
    passes = epochs or (starter.remote.auto_epochs.reach(total) if starter.remote.auto_epochs else 1)
    found = estimate_engine(
        count, passes, starter.remote.tokens_per_second * share, starter.remote.overhead_seconds or 0
    )
    if found.minutes is not None:
        time = escape(duration(found.minutes * MINUTE))
        told = _("On this machine's engine: about {time}, epochs: {n}.", time=time, n=passes)
        st.caption(sentences(told, _("It costs nothing.")), width="content")


@st.cache_resource(max_entries=8, show_spinner=False)
def _count(_work: Work, key: str) -> tuple[TokenCount, float]:
    """Count characters, which are the starter's tokens, of the file or of a sample of it."""
    pieces = chunks(_work.source)
    part = spread(pieces, SAMPLE_BYTES)
    meter, plan, counted = (
        TokenMeter(token_model("starter", "engine")),
        Plan(_work.recipe, _work.corrections),
        TokenCount(),
    )
    for piece in part:
        counted.merge(meter.measure([record for _row, _origin, record in examples_of(piece, plan, Tally())]))
    return counted, share_of(part, pieces)
