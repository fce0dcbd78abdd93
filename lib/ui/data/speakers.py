"""Who the speakers of a conversation are, where their names alone don't tell."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from lib.datasets.recipe import Recipe
from lib.datasets.shapes.names import Role
from lib.datasets.shapes.speakers import role_of
from lib.datasets.shapes.templates import text_of
from lib.datasets.table import Table
from lib.i18n import _
from lib.ui.data.parts import SPEAKERS
from lib.ui.data.work import change_recipe
from lib.ui.text import escape, shorten

MOST = 12
ROLES = ["user", "assistant", "system"]


def unknown(table: Table, recipe: Recipe) -> list[str]:
    """Return the names of speakers in the first rows that no list knows, each once."""
    columns = [name for name in table.columns if recipe.roles.get(name) == Role.SPEAKER]
    named = {
        recipe.joiner.join(text_of(cell) for cell in cells) for cells in zip(*map(table.column, columns), strict=True)
    }
    return sorted(name for name in named if name.strip() and role_of(name, {}) is None)[:MOST]


def draw(draft_id: str, table: Table, recipe: Recipe) -> None:
    """Draw a choice for each speaker that nobody knows; nothing when all are known."""
    names = unknown(table, recipe)
    if not names:
        return
    with st.popover(_("Speakers"), icon=":material/record_voice_over:", width="content"):
        for at, name in enumerate(names):
            key = f"data_speaker_{at}"
            st.session_state[key] = recipe.speakers.get(name)
            st.selectbox(
                escape(shorten(name, 40)),
                ROLES,
                index=None,
                format_func=lambda role: _(SPEAKERS[role]),
                key=key,
                on_change=_choose,
                args=(draft_id, name, key),
            )


def told(name: str, role: str | None, recipe: Recipe) -> Recipe:
    """Return the recipe that knows who a speaker is; no role takes that back."""
    others = {speaker: held for speaker, held in recipe.speakers.items() if speaker != name}
    return replace(recipe, speakers={**others, name: role} if role else others)


def _choose(draft_id: str, name: str, key: str) -> None:
    change_recipe(draft_id, partial(told, name, st.session_state[key]))
