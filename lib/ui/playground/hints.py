"""How to ask a tuned model: what its examples looked like, and what the recipe adds by itself."""

from __future__ import annotations

import json

import streamlit as st

from lib import library
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.mapping import Role
from lib.i18n import _
from lib.inference.prompting import prepare
from lib.jobs.records import Job
from lib.ui.text import visible


def columns(recipe: Recipe) -> str:
    """Return the columns a prompt is made of: the template, or joined as their cells are: `dynasty,power,mood`."""
    if recipe.prompt_template:
        return recipe.prompt_template
    wanted = {Role.PROMPT, Role.USER}
    return recipe.joiner.join(column for column, role in recipe.roles.items() if role in wanted)


@st.cache_data(max_entries=64, show_spinner=False)
def example(version_id: str) -> str:
    """Return a question as the reader would type it, taken from the examples; empty if they are gone."""
    version = library.version(version_id)
    if version is None:
        return ""
    try:
        record = json.loads(library.version_bytes(version_id).split(b"\n", 1)[0])
    except library.FileGone:
        return ""
    messages = record.get("messages") or record.get("input", {}).get("messages")
    if messages:
        asked = (m.get("content") for m in messages if m.get("role") == "user")
        return next((content for content in asked if isinstance(content, str)), "")
    recipe = version.recipe
    return record["prompt"].removesuffix(recipe.separator).removeprefix(f"{recipe.system_prompt}\n\n")


def draw(job: Job, expanded: bool) -> str:
    """Draw how to ask and what is sent; return the example when the reader asks for it, else nothing."""
    asked, wanted = example(job.version_id), columns(job.recipe)
    with st.expander(
        _("How to write a prompt"), icon=":material/lightbulb:", expanded=expanded, key="playground_hints"
    ):
        left, right = st.columns(2, gap="large")
        if wanted:
            left.caption(_("Write these columns, in this order"))
            left.code(wanted, language=None, wrap_lines=True)
        with left:
            tried = bool(asked) and _draw_example(asked)
        with right:
            _draw_sent(job.recipe, asked or _("your prompt"))
    return asked if tried else ""


def _draw_example(asked: str) -> bool:
    st.caption(_("For example"))
    st.code(asked, language=None, wrap_lines=True)
    return st.button(_("Try this example"), key="playground_example", icon=":material/play_arrow:")


def _draw_sent(recipe: Recipe, asked: str) -> None:
    prepared = prepare(recipe, asked)
    st.caption(_("Sent to the model; spaces and line ends are drawn"))
    if prepared.kind == "chat":
        st.json(list(prepared.messages), expanded=2)
    else:
        st.code(visible(prepared.prompt), language=None, wrap_lines=True)
    for stop in prepared.stop:
        st.caption(_("The answer ends before"))
        st.code(visible(stop), language=None)
