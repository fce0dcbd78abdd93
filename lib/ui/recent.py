"""The newest dataset versions and jobs, each with the way to it. Names are foreign text and are escaped."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.i18n import _
from lib.jobs.records import Job
from lib.library import Version
from lib.ui import places, status
from lib.ui.format import number, when
from lib.ui.text import escape, shorten


def draw_versions(versions: Sequence[Version]) -> None:
    """Draw dataset versions, each leading to training on it."""
    st.header(_("Recent datasets"))
    if not versions:
        st.caption(_("None yet. A dataset version is made on the Data page, from a file or a sample."))
    for version in versions:
        with _row():
            places.link("train", escape(shorten(version.label, 40)), icon=":material/table_chart:", version=version.id)
            when(version.created_at, _("{n} examples · {ago}", n=number(version.examples), ago="{ago}"))


def draw_jobs(jobs: Sequence[Job]) -> None:
    """Draw jobs with their status, each leading to its details."""
    st.header(_("Recent jobs"))
    if not jobs:
        st.caption(_("None yet. A job is launched on the Train page; it trains a model on a dataset version."))
    for job in jobs:
        with _row():
            places.link("jobs", escape(shorten(job.name, 40)), icon=":material/model_training:", job=job.id)
            st.markdown(status.badge(job.status), width="content")
            when(job.created_at)


def _row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center", gap="small")
