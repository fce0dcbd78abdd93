"""The fixes that were accepted, in their order, each with a way back."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from lib.datasets.fixes import SET_FIELD, undo
from lib.datasets.recipe import Fix, Recipe
from lib.i18n import N_, _
from lib.ui.data.work import Work, change_recipe, name_fix
from lib.ui.format import number
from lib.ui.text import escape, visible

FIELDS = {
    "separator": N_("Separator: {value}"),
    "stop": N_("Stop sequence: {value}"),
    "leading_space": N_("A space before every completion"),
    "system_prompt": N_("System prompt: {value}"),
    "open_ended": N_("Prompts may be empty"),
    "format": N_("Format: {value}"),
}
OTHER_FIELD = N_("{field}: {value}")


def describe(fix: Fix) -> str:
    """Return what a fix does, as a sentence in plain text."""
    settings = fix["settings"]
    if fix["code"] == SET_FIELD:
        field = str(settings["field"])
        return _(FIELDS.get(field, OTHER_FIELD), field=field, value=_spelled(settings["value"]))
    return fix["code"]


def draw(work: Work) -> None:
    """Draw the accepted fixes; nothing when there is none."""
    fixes = work.recipe.fixes
    if not fixes:
        return
    st.subheader(escape(_("Accepted fixes: {n}", n=number(len(fixes)))), anchor=False)
    with st.container(gap="xsmall", key="data_accepted"):
        for at, fix in enumerate(fixes, start=1):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{at}. {escape(describe(fix))}", width="content")
                st.button(
                    _("Undo"),
                    icon=":material/undo:",
                    key=f"data_undo_{name_fix(fix)}",
                    type="tertiary",
                    on_click=_undo,
                    args=(work.draft_id, fix),
                )


def _undo(draft_id: str, fix: Fix) -> None:
    change_recipe(draft_id, partial(_without, fix))


def _without(fix: Fix, recipe: Recipe) -> Recipe:
    return undo(recipe, fix)


def _spelled(value: Any) -> str:
    return visible(value).replace("\n", "") if isinstance(value, str) else str(value)
