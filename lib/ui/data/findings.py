"""One finding as a person reads it: what, why, what to do, and on which lines."""

from __future__ import annotations

import streamlit as st

from lib.datasets.rules.base import Finding
from lib.i18n import _, sentences
from lib.ui.format import number
from lib.ui.text import escape

ICONS = {"error": ":red[:material/error:]", "warning": ":orange[:material/warning:]", "hint": ":material/lightbulb:"}
LINES = 10
"""Lines that are named; all rows of a finding are a click away."""


def draw(finding: Finding) -> None:
    """Draw a finding without its buttons."""
    st.markdown(f"{ICONS[finding.severity]} **{escape(finding.title.text())}**")
    told = sentences(finding.why.text(), finding.todo.text())
    st.caption(escape(sentences(told, lines(finding))))


def lines(finding: Finding) -> str:
    """Return the first lines it is about, as a sentence in plain text."""
    named = finding.found.lines[:LINES]
    if not named:
        return ""
    listed = ", ".join(number(line) for line in named)
    if len(finding.found) > len(named):
        return _("Lines {lines} and more.", lines=listed)
    return _("Line {lines}.", lines=listed) if len(named) == 1 else _("Lines {lines}.", lines=listed)
