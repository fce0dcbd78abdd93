"""What will be trained: the first examples, what was left out, and marks that stand where they should not."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from lib.datasets import jsonl
from lib.datasets.convert import Conversion, Example, convert
from lib.datasets.recipe import Recipe
from lib.datasets.suggest import is_free
from lib.datasets.table import Table
from lib.i18n import N_, _
from lib.ui.format import number
from lib.ui.text import escape, show_rows

SHOWN = 3
LONGEST = 2000
"""Characters of one text that are drawn; the file holds all of them."""
SPEAKERS = {"system": N_("System"), "user": N_("User"), "assistant": N_("Assistant"), "tool": N_("Tool")}


def converted(table: Table, read_as: str, recipe: Recipe) -> Conversion:
    """Convert once for each recipe and reading of a file; `read_as` names the reading."""
    return _converted(table, recipe, read_as, json.dumps(recipe.to_json(), sort_keys=True))


@st.cache_resource(max_entries=4, show_spinner=False)
def _converted(_table: Table, _recipe: Recipe, read_as: str, recipe_json: str) -> Conversion:
    return convert(_table, _recipe)


def collisions(records: list[dict[str, Any]], recipe: Recipe) -> dict[str, int]:
    """Count the prompts and completions that hold, before their end, the mark that should end them."""
    counts = {}
    for field, mark in (("prompt", recipe.separator), ("completion", recipe.stop)):
        texts = (str(record.get(field, "")) for record in records)
        counts[field] = sum(not is_free(mark, text.removesuffix(mark)) for text in texts) if mark else 0
    return counts if recipe.format == "completion" else {}


def draw(conversion: Conversion, recipe: Recipe) -> None:
    """Draw the first examples as they will be trained."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count = _("{n} examples", n=number(len(conversion.examples)))
        st.header(escape(count), width="content", anchor=False)
        st.toggle(_("As JSONL"), key="data_as_jsonl")
    _draw_collisions(conversion, recipe)
    for example in conversion.examples[:SHOWN]:
        if st.session_state["data_as_jsonl"]:
            st.code(_cut(jsonl.write([example.record]).decode().rstrip("\n")), language=None, wrap_lines=True)
        else:
            _draw_example(example, recipe)
    _draw_skipped(conversion)


def _draw_example(example: Example, recipe: Recipe) -> None:
    with st.container(border=True, gap="xsmall"):
        for message in example.record.get("messages", []):
            _draw_message(message)
        for field, label, mark in (
            ("prompt", _("Prompt"), recipe.separator),
            ("completion", _("Completion"), recipe.stop),
        ):
            if field in example.record:
                st.caption(label)
                st.markdown(_marked(example.record[field], mark))


def _draw_message(message: dict[str, Any]) -> None:
    role, content = str(message.get("role")), message.get("content")
    st.caption(_(SPEAKERS[role]) if role in SPEAKERS else escape(role))
    if isinstance(content, str):
        st.text(_cut(content))
    if not isinstance(content, str) or message.keys() - {"role", "content"}:
        st.json({key: value for key, value in message.items() if key != "role"}, expanded=False)


def _marked(text: str, mark: str) -> str:
    """Return a text as Markdown that shows it as it is, with the mark at its end and a space at its start drawn."""
    end = mark if mark and text.endswith(mark) else ""
    body = text.removesuffix(end)
    start = " " if body.startswith(" ") else ""
    lines = "  \n".join(escape(line) for line in _cut(body).splitlines())
    return f"{_drawn(start)} {lines} {_drawn(end)}".strip()


def _drawn(mark: str) -> str:
    shown = mark.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")
    return f":orange-background[{escape(shown)}]" if shown else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _draw_collisions(conversion: Conversion, recipe: Recipe) -> None:
    found = collisions(conversion.records, recipe)
    if found.get("prompt"):
        told = _("The separator also stands inside {n} prompts. Choose one that does not.", n=number(found["prompt"]))
        st.warning(escape(told), icon=":material/warning:")
    if found.get("completion"):
        told = _(
            "The stop sequence also stands inside {n} completions, and would cut them. Choose another one.",
            n=number(found["completion"]),
        )
        st.warning(escape(told), icon=":material/warning:")


def _draw_skipped(conversion: Conversion) -> None:
    if conversion.skipped:
        label = _("Rows left out, and why: {n}", n=number(len(conversion.skipped)))
        with st.expander(escape(label), icon=":material/playlist_remove:"):
            show_rows(
                [
                    {
                        _("Line number"): skipped.origin.line,
                        _("Sheet"): skipped.origin.sheet,
                        _("Reason"): skipped.reason.text(),
                    }
                    for skipped in conversion.skipped
                ],
                alt=_("Rows that were left out, with the reason"),
            )
