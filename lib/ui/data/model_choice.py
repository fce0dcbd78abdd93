"""The model whose tokens are counted and whose limit is drawn in: one for each service at first, all of them on ask."""

from __future__ import annotations

import streamlit as st

from lib.i18n import _
from lib.ui.data.work import Work, keep
from lib.workbench.targets import Target, all_targets

KEY = "data_model"


def countable() -> dict[str, Target]:
    """Return the targets whose tokens can be counted, by name: living models with a known way to split text."""
    return {
        target.name: target
        for target in all_targets()
        if target.service == "engine" or (target.priced and target.priced.encoding and not target.priced.is_retired())
    }


def draw(work: Work) -> None:
    """Draw the choice; what is chosen goes into the draft."""
    offered = countable()
    offered.setdefault(work.target.name, work.target)
    st.session_state[KEY] = work.target.name
    st.selectbox(
        _("Count tokens as"),
        list(offered),
        format_func=lambda name: f"{offered[name].title} · {offered[name].model}",
        key=KEY,
        on_change=_choose,
        args=(work.draft_id,),
        width=420,
    )


def _choose(draft_id: str) -> None:
    keep(draft_id, model=st.session_state[KEY])
