"""What was found in the file, errors first: why it matters, real rows before and after, and a button to accept it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce

import streamlit as st

from lib.datasets.fixes import accept
from lib.datasets.recipe import Fix, Recipe
from lib.datasets.rules.base import Finding
from lib.i18n import _
from lib.ui.data import accepted, findings, rows_view
from lib.ui.data.before_after import Pair, pairs
from lib.ui.data.work import Work, change_recipe
from lib.ui.format import number
from lib.ui.text import escape, shorten
from lib.workbench.report import Report

LONGEST = 200
"""Characters of an example that is left out or stays."""


def counts(report: Report) -> dict[str, str]:
    """Return how many problems there are, for the switch between the parts of the page: hints are none."""
    found = bool(report.n_broken) + sum(finding.severity != "hint" for finding in listed(report))
    return {"problems": number(found)} if found else {}


def listed(report: Report) -> list[Finding]:
    """Return rows that give no example, then what the rules found; errors first, else in their order."""
    order = list(findings.ICONS)
    return sorted([*report.skipped, *report.findings], key=lambda finding: order.index(finding.severity))


def suggested(report: Report) -> list[Fix]:
    """Return the fixes of all errors and warnings."""
    return [finding.fix for finding in listed(report) if finding.fix and finding.severity != "hint"]


def draw(work: Work, report: Report) -> None:
    """Draw the problems with their fixes, then what was accepted."""
    found = listed(report)
    problems = [finding for finding in found if finding.severity != "hint"]
    hints = [finding for finding in found if finding.severity == "hint"]
    if not problems and not report.n_broken:
        st.success(_("Nothing to fix."), icon=":material/check_circle:")
    _draw_all(work, suggested(report))
    _draw_broken(report)
    first = next((finding for finding in problems if finding.fix and len(finding.found)), None)
    for finding in problems:
        _draw_card(work, finding, first=finding is first)
    if hints:
        with st.expander(_("Good to know: {n}", n=number(len(hints))), icon=":material/lightbulb:"):
            for finding in hints:
                _draw_card(work, finding, first=False)
    accepted.draw(work)


def _draw_all(work: Work, fixes: Sequence[Fix]) -> None:
    if len(fixes) > 1:
        label = _("Accept all {n} fixes", n=number(len(fixes)))
        st.button(
            label,
            icon=":material/done_all:",
            key="data_accept_all",
            on_click=_accept,
            args=(work.draft_id, fixes),
            help=_("Each of them can be undone."),
        )


def _draw_broken(report: Report) -> None:
    """Draw the lines that hold no row at all, each with the place and what is wrong there."""
    if not report.n_broken:
        return
    with st.container(border=True, gap="xsmall", key="data_broken"):
        told = _("Lines that can't be read: {n}.", n=number(report.n_broken))
        st.markdown(f"{findings.ICONS['error']} **{escape(told)}**")
        st.caption(_("They are left out. Correct them in the file and upload it again, or go on without them."))
        for place in report.broken[: findings.LINES]:
            where = _("Line {line}, column {column}", line=number(place.line), column=number(place.column))
            st.text(f"{where}: {shorten(place.detail, 200)}")


def _draw_card(work: Work, finding: Finding, *, first: bool) -> None:
    key = f"data_finding_{finding.code}"
    with st.container(border=True, gap="xsmall", key=key):
        findings.draw(finding)
        with st.container(horizontal=True, vertical_alignment="center"):
            if finding.fix:
                st.button(
                    _("Accept"),
                    icon=":material/check:",
                    key=f"{key}_accept",
                    on_click=_accept,
                    args=(work.draft_id, [finding.fix]),
                )
            if len(finding.found):
                rows_view.link(finding.code)
        if finding.fix:
            shown = st.expander(_("Before and after"), expanded=first, key=f"{key}_look", on_change="rerun")
            if shown.open:
                with shown:
                    _draw_pairs(pairs(work, finding))


def _draw_pairs(shown: list[Pair]) -> None:
    for pair in shown:
        st.caption(_("Line {line}", line=number(pair.line)))
        before, after = st.columns(2)
        if pair.left_out:
            with before:
                st.text(shorten(pair.whole, LONGEST))
            after.badge(_("Left out"), color="gray", icon=":material/playlist_remove:")
        for label, was, becomes in pair.changes:
            before.markdown(f":small[{escape(label)}]  \n{was}" if label else was)
            after.markdown(f":small[{escape(label)}]  \n{becomes}" if label else becomes)
        if pair.gained:
            before.text(shorten(pair.whole, LONGEST))
            after.text(shorten(pair.gained, LONGEST))
        elif not pair.left_out and not pair.changes:
            before.text(shorten(pair.whole, LONGEST))
            after.caption(_("Stays as it is."))


def _accept(draft_id: str, fixes: Sequence[Fix]) -> None:
    change_recipe(draft_id, partial(_take, fixes))


def _take(fixes: Sequence[Fix], recipe: Recipe) -> Recipe:
    return reduce(accept, fixes, recipe)
