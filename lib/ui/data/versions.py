"""Dataset versions: save one, download one, list what is there."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import streamlit as st

from lib import library
from lib.datasets.convert import Conversion
from lib.datasets.recipe import Recipe
from lib.i18n import _
from lib.library import Version
from lib.ui import drafts, places
from lib.ui.data.source import KIND
from lib.ui.format import ago, moment, number, size
from lib.ui.text import escape, show_rows

FORMATS = {"completion": "prompt/completion", "chat": "messages"}
"""What the records hold, in OpenAI's own words."""


def default_name(state: dict[str, Any]) -> str:
    """Return the name a dataset of this file gets: the file's, without folders and ending."""
    return state.get("dataset") or PurePath(str(state["name"]).replace("\\", "/")).stem[:80] or "dataset"


def draw_save(draft_id: str, state: dict[str, Any], recipe: Recipe, conversion: Conversion) -> None:
    """Draw name and button, or, when this very recipe is saved, where to go from there."""
    saved = state.get("saved") or {}
    version = library.version(saved["version"]) if saved.get("recipe") == recipe.to_json() else None
    if version and version.dataset == state.get("dataset"):
        _draw_saved(version)
        return
    drafts.fill("data_save", draft_id, {"data_name": default_name(state)})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(_("Name of the dataset"), key="data_name", max_chars=80, width=320).strip()
        label, icon = _("Save dataset version"), ":material/save:"
        if st.button(label, type="primary", icon=icon, key="data_save", disabled=not name):
            _save(name, draft_id, state, recipe, conversion)
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
    told = _("Saved as {version}: {n} examples.", version=escape(version.label), n=number(version.examples))
    st.success(told, icon=":material/check_circle:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Train a model on it"), type="primary", icon=":material/model_training:", key="data_train"):
            places.go("train", version=version.id)
        draw_download(version)
        st.caption(escape(ago(version.created_at)), width="content")


def _save(name: str, draft_id: str, state: dict[str, Any], recipe: Recipe, conversion: Conversion) -> None:
    """Save the version and note it in the draft. Clicked twice, the library returns the version that is there."""
    source = library.upload(state["sha256"]) or library.save_upload(state["name"], library.read_file(state["sha256"]))
    version = library.save_version(name, recipe, conversion.records, source)
    saved = {"version": version.id, "recipe": recipe.to_json()}
    library.save_draft(draft_id, KIND, {**state, "dataset": version.dataset, "saved": saved})
