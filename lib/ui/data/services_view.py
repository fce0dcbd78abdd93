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
from lib.workbench.targets import chief_targets
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
    taken = [verdict for verdict in verdicts if verdict.passed]
    told = _("{n} of {all} take it.", n=number(len(taken)), all=number(len(verdicts)))
    st.caption(told)
    for verdict in sorted(verdicts, key=lambda verdict: not verdict.passed):
        _draw_one(work, verdict)


def _draw_one(work: Work, verdict: Verdict) -> None:
    target = verdict.target
    learns = ", ".join(_(FORMATS[kind]) if kind in FORMATS else kind for kind in target.formats)
    named = escape(f"{target.title} · {target.model}")
    problems = len(verdict.failures)
    label = f"{TAKEN if verdict.passed else REFUSED} **{named}** · {escape(learns)}"
    if problems:
        label += f" · :red[{escape(_('{n} problems', n=number(problems)))}]"
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
