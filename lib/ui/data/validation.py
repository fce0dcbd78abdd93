"""A second file that is prepared by the same recipe and never trained on, with a look for leaks between both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib import library
from lib.config import settings
from lib.datasets.recipe import Recipe
from lib.datasets.source import Source
from lib.i18n import _
from lib.ui import uploads
from lib.ui.data.reading import opened
from lib.ui.data.source import TYPES
from lib.ui.data.work import KIND, keep
from lib.ui.text import escape, refusals, shorten
from lib.workbench.leaks import asked_by

KEY = "data_validation_upload"


def draw(draft_id: str) -> None:
    """Draw the slot for the second file."""
    held = (library.draft(draft_id, KIND) or {}).get("validation")
    label = _("Validation file: {file}", file=escape(shorten(held["name"], 30))) if held else _("Validation file")
    with st.popover(label, icon=":material/fact_check:", width="content"):
        st.caption(_("Examples that are never trained on. They get the same recipe and become a dataset of their own."))
        if held:
            st.text(shorten(held["name"]))
            away, key = _("Take it away"), "data_validation_remove"
            st.button(away, icon=":material/close:", key=key, on_click=_remove, args=(draft_id,))
            return
        st.file_uploader(
            _("Validation file"),
            TYPES,
            key=uploads.key(KEY),
            on_change=_take,
            args=(draft_id,),
            max_upload_size=settings().max_upload_mb,
            label_visibility="collapsed",
        )


def source_of(state: Mapping[str, Any]) -> Source | None:
    """Return the second file, opened; None if there is none. Raises `DatasetError`."""
    held = state.get("validation")
    return opened(held) if held else None


def questions(state: Mapping[str, Any], recipe: Recipe) -> frozenset[int]:
    """Return hashes of what the second file asks under a recipe, to find the same in the first. Worked out once."""
    source = source_of(state)
    if source is None:
        return frozenset()
    return _questions(source, recipe, json.dumps([state["validation"], recipe.to_json()], sort_keys=True))


@st.cache_resource(max_entries=8)
def _questions(_source: Source, _recipe: Recipe, key: str) -> frozenset[int]:
    return asked_by(_source, _recipe)


def _take(draft_id: str) -> None:
    with refusals():
        upload = uploads.take(KEY)
        if upload is not None:
            keep(draft_id, validation={"sha256": upload.sha256, "name": upload.name})


def _remove(draft_id: str) -> None:
    keep(draft_id, validation=None)
