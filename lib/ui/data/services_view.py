"""One dataset against every service: taken or refused, with the rule, the lines and the fix, and a file for each."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib.i18n import N_, _
from lib.ui.data import findings, versions, written
from lib.ui.data.work import Work
from lib.ui.format import number
from lib.ui.text import escape
from lib.workbench.report import Report
from lib.workbench.targets import METHODS, chief_targets
from lib.workbench.verdict import Outcome, Verdict, matrix

FORMATS = {
    "completion": N_("prompt and completion"),
    "chat": N_("chat messages"),
    "preference": N_("preferences"),
    "reinforcement": N_("reinforcement"),
}
TAKEN, REFUSED = ":green[:material/check_circle:]", ":red[:material/cancel:]"


def draw(work: Work, report: Report) -> None:
    """Draw what each service says."""
    if report.traits is None or not report.examples:
        st.caption(_("There are no examples to check."))
        return
    verdicts = matrix(chief_targets(), Outcome(report.traits))
    others = [verdict for verdict in verdicts if _wants_another_format(verdict)]
    asked = [verdict for verdict in verdicts if verdict not in others]
    taken = [verdict for verdict in asked if verdict.passed]
    format = _(FORMATS[work.recipe.format])
    told = _(
        "Services that take it: {n} of the {all} that learn from {format}.", n=len(taken), all=len(asked), format=format
    )
    st.caption(told)
    for verdict in sorted(asked, key=lambda verdict: not verdict.passed):
        _draw_one(work, verdict)
    if others:
        label = _("Learn from another format: {n}", n=number(len(others)))
        with st.expander(escape(label), icon=":material/swap_horiz:", key="data_targets_other"):
            st.caption(_("Choose that format above to prepare the file for them."))
            for verdict in others:
                st.markdown(f"**{escape(_named(verdict))}** · {escape(_learns(verdict))}")
    st.download_button(
        _("Table for people (CSV)"),
        data=partial(written.as_table, work),
        file_name=f"{versions.default_name(work.state)}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/table_view:",
        key="data_export_table",
        type="tertiary",
        help=_("To read it in a spreadsheet. Services take JSON Lines only."),
    )


def _draw_one(work: Work, verdict: Verdict) -> None:
    target = verdict.target
    problems = len(verdict.failures)
    label = f"{TAKEN if verdict.passed else REFUSED} **{escape(_named(verdict))}**"
    if problems:
        label += f" · :red[{escape(_('Problems: {n}', n=number(problems)))}]"
    with st.expander(label, key=f"data_target_{target.name}"):
        for finding in verdict.findings:
            findings.draw(finding)
        if verdict.changed:
            st.caption(_("What is put right when the file is written for it is listed as a hint."))
        if not verdict.findings:
            st.caption(_("Nothing to change."))
        st.download_button(
            _("Write the file for it"),
            data=partial(written.for_target, work, target),
            file_name=f"{versions.default_name(work.state)}.{target.service}.jsonl",
            mime="application/jsonl",
            on_click="ignore",
            icon=":material/download:",
            key=f"data_export_{target.name}",
            disabled=not verdict.passed,
        )


def _wants_another_format(verdict: Verdict) -> bool:
    return any(finding.code == "format_not_taken" for finding in verdict.failures)


def _named(verdict: Verdict) -> str:
    """Return service and model; the service alone where it trains any open model."""
    target = verdict.target
    return _(target.title) if target.model in METHODS else f"{_(target.title)} · {target.model}"


def _learns(verdict: Verdict) -> str:
    return ", ".join(_(name) for kind, name in FORMATS.items() if kind in verdict.target.formats)
