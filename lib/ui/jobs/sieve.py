"""Which jobs a table shows: words to look for, how they stand, their tags and projects, and whether hidden ones too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from lib.i18n import N_, _
from lib.jobs.listing import Summary
from lib.jobs.records import Status

STANDS: dict[str, tuple[str, Callable[[Summary], bool]]] = {
    "live": (N_("Going on"), lambda job: job.live),
    "succeeded": (N_("Succeeded"), lambda job: job.status == Status.SUCCEEDED),
    "ended": (N_("Ended without a model"), lambda job: not job.live and job.status != Status.SUCCEEDED),
}
"""How a job stands -> what that is called, and who does."""


@dataclass(frozen=True)
class Sieve:
    """What was chosen. Nothing chosen lets all jobs through but the hidden ones."""

    words: tuple[str, ...] = ()
    stands: str | None = None
    tags: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    hidden: bool = False

    def passes(self, job: Summary) -> bool:
        """Return whether the table shows a job."""
        return (
            (self.hidden or not job.hidden)
            and (self.stands is None or STANDS[self.stands][1](job))
            and (not self.tags or bool(self.tags & set(job.tags)))
            and (not self.projects or job.project in self.projects)
            and job.holds(self.words)
        )


def draw(jobs: list[Summary]) -> Sieve:
    """Draw the fields and return what they hold. Tags and projects are asked for once there are any."""
    tags = sorted({tag for job in jobs for tag in job.tags})
    projects = sorted({job.project for job in jobs if job.project})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            _("Search"), key="jobs_search", icon=":material/search:", width=260, placeholder=_("Name, notes, model, id")
        )
        stands = st.selectbox(
            _("Status"),
            list(STANDS),
            index=None,
            key="jobs_stands",
            format_func=lambda key: _(STANDS[key][0]),
            placeholder=_("All"),
            width=200,
        )
        chosen_tags = st.multiselect(_("Tags"), tags, key="jobs_tags", width=220) if tags else []
        chosen = st.multiselect(_("Projects"), projects, key="jobs_projects", width=220) if projects else []
        hidden = any(job.hidden for job in jobs) and st.toggle(_("Hidden ones too"), key="jobs_hidden")
    words = tuple(text.casefold().split())
    return Sieve(words, stands, frozenset(chosen_tags), frozenset(chosen), hidden)
