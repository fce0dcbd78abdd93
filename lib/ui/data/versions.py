"""Dataset versions: save one, download one, list what is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from lib import library
from lib.i18n import _
from lib.library import Version
from lib.ui import drafts, places
from lib.ui.data import validation, written
from lib.ui.data.work import Work, keep
from lib.ui.format import ago, moment, number, size
from lib.ui.text import escape, show_rows
from lib.workbench.prepare import Prepared, prepare

FORMATS = {
    "completion": "prompt/completion",
    "chat": "messages",
    "preference": "preferred_output",
    "reinforcement": "messages + reference",
}
"""What the records hold, in OpenAI's own words."""


SAVING = "data_saving"


def default_name(state: Mapping[str, Any]) -> str:
    """Return the name a dataset of this file gets: the file's, without folders and ending."""
    return state.get("dataset") or PurePath(str(state["name"]).replace("\\", "/")).stem[:80] or "dataset"


def draw_save(work: Work) -> None:
    """Draw name and button, or, when this very outcome is saved, where to go from there."""
    saved = work.state.get("saved") or {}
    version = library.version(saved["version"]) if saved.get("key") == work.spec("prepare").key else None
    if version and version.dataset == work.state.get("dataset"):
        _draw_saved(version)
        return
    drafts.fill("data_save", work.draft_id, {"data_name": default_name(work.state)})
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", width=560):
        named = default_name(work.state)
        name = (
            st.text_input(_("Name of the dataset"), key="data_name", max_chars=80, placeholder=named).strip() or named
        )
        drafts.drawn()
        label, icon = _("Save dataset version"), ":material/save:"
        if st.button(label, type="primary", icon=icon, key="data_save"):
            st.session_state[SAVING] = work.spec("prepare").key
    if st.session_state.get(SAVING) == work.spec("prepare").key:
        with written.whole(work) as prepared:
            if prepared is not None:
                st.session_state.pop(SAVING)
                _save(name, work, prepared)
                st.rerun()


def draw_download(version: Version) -> None:
    """Draw the download of a version's JSONL; the bytes are read only when it is clicked."""
    st.download_button(
        _("Download JSONL"),
        data=lambda: library.version_bytes(version.id),
        file_name=f"{version.label.replace(' ', '-')}.jsonl",
        mime="application/jsonl",
        on_click="ignore",
        icon=":material/download:",
        key=f"data_download_{version.id}",
    )


def draw_list() -> None:
    """Draw every version with its download; nothing when there is none."""
    versions = library.versions()
    if not versions:
        return
    st.header(_("Dataset versions"))
    rows = [
        {
            "version": version.label,
            "examples": version.examples,
            "format": FORMATS.get(version.format, version.format),
            "size": size(version.size),
            "source": version.source_name,
            "created": moment(version.created_at),
        }
        for version in versions
    ]
    picked = show_rows(
        rows,
        key="data_versions",
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0], "columns": [], "cells": []}},
        column_config={
            "version": _("Version"),
            "examples": st.column_config.NumberColumn(_("Examples"), format="localized"),
            "format": _("Format"),
            "size": _("Size"),
            "source": _("Made from"),
            "created": st.column_config.DatetimeColumn(_("Created"), format="localized"),
        },
        alt=_("Dataset versions"),
    )
    at = next(iter(picked.selection.rows), 0)
    version = versions[at if at < len(versions) else 0]
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_download(version)
        places.link("train", _("Train on {version}", version=escape(version.label)), version=version.id)


def _draw_saved(version: Version) -> None:
    told = _("Saved as {version}. Examples: {n}.", version=escape(version.label), n=number(version.examples))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":green[:material/check_circle:] {told}", width="content")
        if st.button(_("Train a model on it"), type="primary", icon=":material/model_training:", key="data_train"):
            places.go("train", version=version.id)
        draw_download(version)
        st.caption(escape(ago(version.created_at)), width="content")


def _save(name: str, work: Work, prepared: Prepared) -> None:
    """Save the version and note it in the draft. Clicked twice, the library returns the version that is there."""
    made = (name, work.recipe, prepared.path, prepared.examples, _upload(work.state), work.corrections)
    version = library.save_version_file(*made)
    _save_validation(name, work)
    keep(work.draft_id, dataset=version.dataset, saved={"version": version.id, "key": work.spec("prepare").key})


def _save_validation(name: str, work: Work) -> None:
    """Save the second file under the same recipe, as a dataset of its own."""
    source = validation.source_of(work.state)
    if source is None:
        return
    with TemporaryDirectory() as folder:
        made = prepare(source, work.recipe, Path(folder) / "made.jsonl", workers=1)
        label = f"{name} validation"
        library.save_version_file(label, work.recipe, made.path, made.examples, _upload(work.state["validation"]))


def _upload(state: Mapping[str, Any]) -> library.Upload:
    found = library.upload(state["sha256"])
    return found or library.save_upload(state["name"], library.read_file(state["sha256"]))
