"""The preview, whose own headers carry the roles: a choice on top of each column, as wide as the column.

Column names and cells are foreign text: they are drawn by `st.dataframe`, or escaped.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib.datasets.shapes.mapping import Guess, Role
from lib.datasets.table import Cell, Table
from lib.i18n import N_, _
from lib.ui.text import escape, shorten, show_rows

ROLE_NAMES: dict[str, str] = {
    Role.PROMPT: N_("Prompt"),
    Role.COMPLETION: N_("Completion"),
    Role.SYSTEM: N_("System"),
    Role.USER: N_("User"),
    Role.ASSISTANT: N_("Assistant"),
    Role.MESSAGES: N_("Messages"),
    Role.PREFERRED: N_("Preferred answer"),
    Role.REJECTED: N_("Answer to avoid"),
    Role.REFERENCE: N_("Reference"),
    Role.DESIRABLE: N_("Wanted or not"),
    Role.THREAD: N_("Conversation"),
    Role.ORDER: N_("Order"),
    Role.SPEAKER: N_("Speaker"),
    Role.LINE: N_("What is said"),
    Role.IMAGES: N_("Images"),
    Role.INSTANCES: N_("Instances"),
    Role.KEEP: N_("Keep"),
    Role.IGNORE: N_("Ignore"),
}
OFFERED: dict[str, list[str]] = {
    "completion": [Role.PROMPT, Role.COMPLETION, Role.SYSTEM],
    "chat": [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.THREAD, Role.ORDER, Role.SPEAKER, Role.LINE],
    "preference": [Role.SYSTEM, Role.USER, Role.PREFERRED, Role.REJECTED],
    "reinforcement": [Role.SYSTEM, Role.USER, Role.REFERENCE],
}
TWINS: dict[str, str] = {Role.PROMPT: Role.USER, Role.COMPLETION: Role.ASSISTANT}
PREVIEW_ROWS = 6
IN_HEADERS = 12
"""Up to so many columns carry their role in the header; a wider table gets a list for each role."""
MOST_LISTED = 500
NARROWEST, WIDEST, GLYPH, ARROW = 190, 400, 8, 56
"""Pixels: a header must hold its role and the arrow beside it, a story must not push the rest away, a Latin letter is
so wide."""


def values(columns: list[str], roles: Mapping[str, str]) -> dict[str, Any]:
    """Return what each role widget holds, by key, when the columns have these roles."""
    if len(columns) <= IN_HEADERS:
        return {f"data_role_{at}": roles.get(name, Role.IGNORE) for at, name in enumerate(columns)}
    listed = [role for role in ROLE_NAMES if role != Role.IGNORE]
    return {f"data_list_{role}": [name for name in columns if roles.get(name) == role] for role in listed}


def as_in(format: str, role: str) -> str:
    """Return the role that means in `format` what `role` means: a prompt is a user's turn."""
    twins = TWINS if format != "completion" else {twin: role for role, twin in TWINS.items()}
    return twins.get(role, role)


def offered(guess: Guess, format: str) -> list[str]:
    """Return the roles a column may have."""
    guessed = {as_in(format, role) for role in guess.roles.values()}
    if Role.MESSAGES in guessed:
        guessed.add(Role.KEEP)
    usual = OFFERED[format]
    return [
        *usual,
        *(role for role in ROLE_NAMES if role in guessed and role not in usual and role != Role.IGNORE),
        Role.IGNORE,
    ]


def draw(table: Table, guess: Guess, format: str) -> dict[str, str]:
    """Draw the preview with its roles and return them by column name."""
    names = table.columns[:IN_HEADERS]
    if len(table.columns) > IN_HEADERS:
        roles = _draw_lists(table, guess, format)
        names = [name for name, role in roles.items() if role != Role.IGNORE][:IN_HEADERS] or names
        config = {name: f"{shorten(name, 40)} · {_(ROLE_NAMES[roles[name]])}" for name in names}
        show_rows(_preview(table, names), column_config=config, alt=_("The first rows of the file"))
    else:
        roles = _draw_headers(table, guess, format)
    return roles


def _draw_headers(table: Table, guess: Guess, format: str) -> dict[str, str]:
    widths = [_width(table, column, guess, format) for column in range(len(table.columns))]
    roles = {}
    with (
        st.container(horizontal=True, wrap=False, key="data_preview"),
        st.container(width=sum(widths), gap=None),
    ):
        with st.container(horizontal=True, wrap=False, gap=None):
            for column, name in enumerate(table.columns):
                roles[name] = _draw_role(table, column, guess, format, widths[column])
        config = {
            name: st.column_config.Column(shorten(name, 40), width=width)
            for name, width in zip(table.columns, widths, strict=True)
        }
        rows = _preview(table, table.columns)
        show_rows(rows, width=sum(widths), column_config=config, alt=_("The first rows of the file"))
    return roles


def _draw_role(table: Table, column: int, guess: Guess, format: str, width: int) -> str:
    name = table.columns[column]
    guessed = as_in(format, guess.roles.get(name, ""))

    def label(role: str) -> str:
        return _guessed(role) if role == guessed else _(ROLE_NAMES[role])

    return st.selectbox(
        _("Role of {column}", column=escape(shorten(name))),
        offered(guess, format),
        format_func=label,
        key=f"data_role_{column}",
        width=width,
        label_visibility="collapsed",
    )


def _draw_lists(table: Table, guess: Guess, format: str) -> dict[str, str]:
    """Draw one list of columns for each role. A column stands in the first list that names it."""
    roles = dict.fromkeys(table.columns, str(Role.IGNORE))
    for role in offered(guess, format)[:-1]:
        held = st.session_state.get(f"data_list_{role}", [])
        options = [*table.columns[:MOST_LISTED], *(name for name in held if name in table.columns[MOST_LISTED:])]
        listed = st.multiselect(_(ROLE_NAMES[role]), options, format_func=shorten, key=f"data_list_{role}")
        roles |= {name: role for name in listed if roles[name] == Role.IGNORE}
    return roles


def draw_reasons(guess: Guess, roles: Mapping[str, str], format: str) -> None:
    """Say why each role that still stands as guessed was guessed."""
    stands = [name for name in guess.reasons if roles.get(name) == as_in(format, guess.roles.get(name, ""))]
    if stands:
        with st.popover(_("Why this guess?"), icon=":material/help:"):
            for name in stands[:IN_HEADERS]:
                st.text(f"{shorten(name, 40)}: {guess.reasons[name].text()}")


def _preview(table: Table, names: list[str]) -> list[dict[str, Cell]]:
    places = [table.columns.index(name) for name in names]
    return [{table.columns[at]: _cut(row[at]) for at in places} for row in table.rows[:PREVIEW_ROWS]]


def _cut(cell: Cell) -> str:
    """Return the start of a cell as text: a cell of 40 MB must not travel to the browser."""
    return shorten(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False), 300)


def _guessed(role: str) -> str:
    return _("{role} (guessed)", role=_(ROLE_NAMES[role]))


def _width(table: Table, column: int, guess: Guess, format: str) -> int:
    """Return a column's width in pixels, from its name, its first cells and the role above them."""
    name = table.columns[column]
    texts = [name, *(_cut(row[column]) for row in table.rows[:PREVIEW_ROWS])]
    role = as_in(format, guess.roles.get(name, Role.IGNORE))
    wanted = max(_glyphs(_guessed(role)) * GLYPH + ARROW, max(map(_glyphs, texts)) * GLYPH + 24)
    return min(max(wanted, NARROWEST), WIDEST)


def _glyphs(text: str) -> int:
    """Return how many letters' room a text takes; a Chinese character takes that of two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text[:100])
