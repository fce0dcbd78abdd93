"""The recipe as a file: downloaded here, used on another file there, so that both are prepared alike."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from lib import library
from lib.datasets.recipe import Recipe
from lib.datasets.saved_recipe import load_recipe
from lib.datasets.table import Table
from lib.errors import TuneboardError
from lib.i18n import _
from lib.ui import drafts
from lib.ui.data.work import KIND, keep
from lib.ui.text import refusals

OFFERED = 20
"""Dataset versions whose recipe is offered."""
KEY, VERSION = "data_recipe_upload", "data_recipe_version"


class UnusableRecipe(TuneboardError):
    what = "{file} is no recipe for this file: {detail}"
    why = "Another recipe would make other examples."
    todo = "Upload a recipe that was downloaded here, made for a file with the same columns."


def draw(draft_id: str, table: Table) -> None:
    """Draw the recipe's download and the two ways to take another one."""
    with st.popover(_("Recipe"), icon=":material/menu_book:", width="content"):
        st.caption(_("Roles, marks and accepted fixes. Use the same recipe on another file to prepare it alike."))
        st.download_button(
            _("Download the recipe"),
            data=lambda: written(library.draft(draft_id, KIND) or {}),
            file_name="recipe.json",
            mime="application/json",
            on_click="ignore",
            icon=":material/download:",
            key="data_recipe_download",
        )
        label = _("Use a recipe")
        st.file_uploader(label, ["json"], key=KEY, on_change=_take_file, args=(draft_id, table))
        versions = {version.id: version for version in library.versions()[:OFFERED]}
        if versions:
            st.selectbox(
                _("Or that of a dataset version"),
                list(versions),
                index=None,
                format_func=lambda id_: versions[id_].label,
                key=VERSION,
                on_change=_take_version,
                args=(draft_id, table),
            )


def written(state: dict[str, Any]) -> str:
    """Return the recipe of a draft as JSON."""
    return json.dumps(state.get("recipe") or {}, ensure_ascii=False, indent=2)


def read(data: bytes, name: str, columns: list[str]) -> Recipe:
    """Return the recipe that a file holds. Raises `UnusableRecipe`."""
    try:
        recipe = load_recipe(data)
    except ValueError as problem:
        raise UnusableRecipe(file=name, detail=str(problem)[:200]) from problem
    if not set(recipe.roles) & set(columns):
        raise UnusableRecipe(file=name, detail=", ".join(sorted(recipe.roles))[:200])
    return recipe


def _take_file(draft_id: str, table: Table) -> None:
    given = st.session_state.get(KEY)
    if given is not None:
        with refusals():
            _use(draft_id, read(given.getvalue(), given.name, table.columns))


def _take_version(draft_id: str, table: Table) -> None:
    version = library.version(st.session_state.get(VERSION) or "")
    if version:
        with refusals():
            _use(draft_id, read(json.dumps(version.recipe.to_json()).encode(), version.label, table.columns))


def _use(draft_id: str, recipe: Recipe) -> None:
    keep(draft_id, recipe=recipe.to_json())
    drafts.forget(KIND)
