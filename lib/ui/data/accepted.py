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
from lib.ui.text import escape, shorten

FIELDS = {
    "separator": N_("Separator: {value}"),
    "stop": N_("Stop sequence: {value}"),
    "leading_space": N_("A space before every completion"),
    "system_prompt": N_("System prompt: {value}"),
    "open_ended": N_("Prompts may be empty"),
    "format": N_("Format: {value}"),
}
OTHER_FIELD = N_("{field}: {value}")
CHANGES = {
    "duplicate_rows": N_("Leave out examples that stand earlier in the file"),
    "near_duplicates": N_("Leave out examples that are almost the same as an earlier one"),
    "validation_leak": N_("Leave out examples that the validation file asks too"),
    "drop_empty": N_("Leave out examples with an empty {field}"),
    "drop_named": N_("Leave out the examples that are too long"),
    "drop_conversations": N_("Leave out conversations: {problem}"),
    "drop_same_pairs": N_("Leave out pairs whose two answers are the same"),
    "drop_empty_pairs": N_("Leave out pairs with an empty answer"),
    "drop_keys": N_("Leave out the fields {keys}"),
    "drop_message_keys": N_("Leave out {keys} of messages"),
    "drop_stray_weights": N_("Leave out weights where they mean nothing"),
    "drop_empty_system": N_("Leave out empty system messages"),
    "drop_trailing": N_("Cut what follows the last answer"),
    "join_messages": N_("Join neighbouring messages of one speaker"),
    "system_first": N_("Put the system message first"),
    "cut_beginning": N_("Cut the beginning {beginning}"),
    "cut_question": N_("Cut the instruction {beginning}"),
    "lower_case": N_("Write the {field} in small letters"),
    "one_ending": N_("End each {field} with {to} alone"),
    "strip_space": N_("Take away spaces at the edges"),
    "redact": N_("Put {placeholder} in the place of private data"),
    "clean_characters": N_("Take out {kind}"),
}
NAMES = {
    "prompt": N_("prompt"),
    "completion": N_("completion"),
    "no_messages": N_("without any message"),
    "no_assistant_message": N_("in which the assistant says nothing"),
    "empty_answer": N_("with an empty last answer"),
    "no_weight": N_("whose answers all have weight 0"),
    "control_characters": N_("control characters"),
    "line_separators": N_("rare line ends"),
    "invisible_characters": N_("invisible characters"),
    "bidi_characters": N_("characters that turn the direction of writing round"),
    "half_characters": N_("halves of characters"),
    "lost_characters": N_("signs for lost characters"),
    "private_use_characters": N_("characters without a meaning of their own"),
}
"""Codes in the settings `field`, `problem` and `kind` of a fix, as words."""
CODED = ("field", "problem", "kind")
SPELLED = str.maketrans({"\n": "↵", "\t": "⇥"})
SHOWN = 40
"""Characters of a value that are named."""


def describe(fix: Fix) -> str:
    """Return what a fix does, in plain text. A fix that has no words here goes by its code."""
    settings = fix["settings"]
    if fix["code"] == SET_FIELD:
        field = str(settings["field"])
        return _(FIELDS.get(field, OTHER_FIELD), field=field, value=_spelled(settings["value"]))
    told = {name: _named(value) if name in CODED else _spelled(value) for name, value in settings.items()}
    return _(CHANGES.get(fix["code"], fix["code"]), **told)


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


def _named(code: Any) -> str:
    return _(NAMES[code]) if code in NAMES else _spelled(code)


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return shorten(value.translate(SPELLED), SHOWN)
    return shorten(", ".join(map(str, value)), SHOWN) if isinstance(value, list) else str(value)
