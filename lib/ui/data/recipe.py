"""The recipe as widgets: the format of the examples and the marks around them.

A mark is often made of spaces and line ends, which a text field does not show. So the fields hold them spelled out:
`\\n` for a line end, `\\t` for a tab, `\\s` for a space at either end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from lib import library
from lib.datasets.errors import NoUsableColumns
from lib.datasets.fixes import SET_FIELD
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.mapping import Role, guess_roles
from lib.datasets.shapes.suggest import common_system, suggest_recipe
from lib.datasets.table import Table
from lib.i18n import N_, _
from lib.ui import drafts
from lib.ui.data import recipe_file, roles, speakers, template, validation
from lib.ui.data.source import KIND
from lib.ui.data.work import change_recipe_field
from lib.ui.text import escape, refusals

FORMATS = {
    "completion": N_("Prompt and completion"),
    "chat": N_("Chat messages"),
    "preference": N_("Two answers to choose from"),
    "reinforcement": N_("Questions with a reference"),
}
MEANING = {
    "completion": N_("One text goes on with another. The model learns to write the completion after the prompt."),
    "chat": N_("A conversation. The model learns to say what the assistant says."),
    "preference": N_("A question with a better and a worse answer. The model learns to prefer the first (DPO)."),
    "reinforcement": N_("A question without an answer. A grader compares what the model says with the reference."),
}
MARKS = ("separator", "stop", "joiner")
SPELLING = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def spell(mark: str) -> str:
    """Return a mark as one visible line: a line end as `\\n`, a space at either end as `\\s`."""
    inner = mark.strip(" ")
    before = len(mark) - len(mark.lstrip(" ")) if inner else len(mark)
    after = len(mark) - len(mark.rstrip(" ")) if inner else 0
    return "\\s" * before + "".join(SPELLING.get(c, c) for c in inner) + "\\s" * after


def unspell(text: str) -> str:
    """Return the mark that `spell` made `text` of. A backslash before anything else stands for itself."""
    known = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "\\": "\\"}
    out, rest = "", text
    while rest:
        head, slash, rest = rest.partition("\\")
        out += head
        if slash:
            out += known.get(rest[:1], "\\" + rest[:1])
            rest = rest[1:]
    return out


def values(table: Table, recipe: Recipe) -> dict[str, Any]:
    """Return what each widget holds, by key, for `recipe`."""
    marks = {f"data_{name}": spell(getattr(recipe, name)) for name in MARKS}
    chosen = {"data_format": recipe.format, "data_system": recipe.system_prompt, "data_space": recipe.leading_space}
    chosen |= {template.KEY: recipe.prompt_template}
    return marks | chosen | roles.values(table.columns, recipe.roles)


def stored(state: dict[str, Any], table: Table) -> Recipe:
    """Return the draft's recipe, or a suggested one, with the roles its format has.

    A system text that all conversations share goes into the recipe: who asks the tuned model must send it again.
    """
    if state.get("recipe"):
        recipe = Recipe.from_json(state["recipe"])
    else:
        recipe = _suggested(table)
        recipe = replace(recipe, system_prompt=recipe.system_prompt or common_system(table, recipe.roles))
    return replace(recipe, roles={name: roles.as_in(recipe.format, role) for name, role in recipe.roles.items()})


def _suggested(table: Table) -> Recipe:
    """Return the recipe that fits a table; where nothing seems to be there to learn from, the columns can be chosen."""
    try:
        return suggest_recipe(table)
    except NoUsableColumns:
        return Recipe(roles={name: str(role) for name, role in guess_roles(table).roles.items()})


def edit(draft_id: str, read_as: str, table: Table, base: Recipe) -> Recipe:
    """Draw format, roles and marks, and return the recipe they hold; what has no widget comes from `base`."""
    drafts.fill(KIND, f"{draft_id}|{read_as}", values(table, base))
    format = _draw_format(draft_id, table, base)
    guess = guess_roles(table)
    chosen = roles.draw(table, guess, format)
    held = _draw_marks(draft_id, format, list(chosen.values()))
    with st.container(horizontal=True, key="data_tools"):
        roles.draw_reasons(guess, chosen, format)
        held["prompt_template"] = template.draw(table, base.prompt_template)
        speakers.draw(draft_id, table, replace(base, roles=chosen))
        recipe_file.draw(draft_id, table)
        validation.draw(draft_id)
    return without_overruled(replace(base, format=format, roles=chosen, **held))


def without_overruled(recipe: Recipe) -> Recipe:
    """Return the recipe without accepted fixes of fields that were then changed by hand: the hand is right."""
    overruled = [
        fix
        for fix in recipe.fixes
        if fix["code"] == SET_FIELD and getattr(recipe, fix["settings"]["field"]) != fix["settings"]["value"]
    ]
    return replace(recipe, fixes=[fix for fix in recipe.fixes if fix not in overruled]) if overruled else recipe


def _draw_format(draft_id: str, table: Table, base: Recipe) -> str:
    format = st.radio(
        _("Format of the examples"),
        list(FORMATS),
        format_func=lambda name: _(FORMATS[name]),
        key="data_format",
        on_change=_change_format,
        args=(draft_id, table, base),
        horizontal=True,
        help=_("The engine learns the first two. OpenAI's models take all but the first."),
    )
    st.caption(_(MEANING[format]))
    return format


def _change_format(draft_id: str, table: Table, base: Recipe) -> None:
    """Start from what fits the other format, with the columns where they were. A system prompt stays."""
    format = st.session_state["data_format"]
    moved = {name: roles.as_in(format, role) for name, role in base.roles.items()}
    with refusals():
        suggested = suggest_recipe(table, moved, format)
        recipe = replace(suggested, system_prompt=base.system_prompt or suggested.system_prompt)
        library.save_draft(draft_id, KIND, {**(library.draft(draft_id, KIND) or {}), "recipe": recipe.to_json()})
        drafts.forget(KIND)


def _draw_marks(draft_id: str, format: str, given: list[str]) -> dict[str, Any]:
    """Draw the fields that the format and the roles ask for, and return what they hold."""
    held: dict[str, Any] = {}
    shared = any(given.count(role) > 1 for role in set(given) - {Role.IGNORE, Role.KEEP})
    with st.grid(4, min_column_width=170, vertical_alignment="bottom"):
        if format == "completion":
            held["separator"] = _mark(
                draft_id, "separator", _("Separator"), _("Ends every prompt, so that the model knows where it ends.")
            )
            held["stop"] = _mark(
                draft_id, "stop", _("Stop sequence"), _("Ends every completion; the model stops there.")
            )
        if shared:
            held["joiner"] = _mark(draft_id, "joiner", _("Joiner"), _("Stands between columns that share a role."))
        if format == "completion":
            told = _("Older OpenAI models learn better with it.")
            held["leading_space"] = st.checkbox(
                _("Space before completions"),
                key="data_space",
                help=told,
                wrap=True,
                on_change=_keep,
                args=(draft_id, "leading_space", "data_space"),
            )
    if (format != "completion" and Role.SYSTEM not in given) or st.session_state["data_system"]:
        label, told = _("System prompt"), _("Opens every conversation that has none of its own. May be empty.")
        held["system_prompt"] = st.text_area(
            label,
            key="data_system",
            help=told,
            height=80,
            on_change=_keep,
            args=(draft_id, "system_prompt", "data_system"),
        )
    return held


def _mark(draft_id: str, name: str, label: str, told: str) -> str:
    spelled = _("Write a line end as \\n, a tab as \\t, a space at either end as \\s.")
    key = f"data_{name}"
    args = (draft_id, name, key)
    return unspell(st.text_input(label, key=key, help=f"{told} {escape(spelled)}", on_change=_keep, args=args))


def _keep(draft_id: str, field: str, key: str) -> None:
    """Write a field into the draft before the page is drawn: a reload would stop the drawing half-way."""
    value = st.session_state[key]
    change_recipe_field(draft_id, field, unspell(value) if field in MARKS else value)
