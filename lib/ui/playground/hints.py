"""How to ask a tuned model: what its examples looked like, and what the recipe adds by itself."""

from __future__ import annotations

import json

import streamlit as st

from lib import library
from lib.datasets.mapping import Role
from lib.datasets.recipe import Recipe
from lib.i18n import _
from lib.inference.prompting import prepare
from lib.jobs.records import Job
from lib.ui.text import visible


def columns(recipe: Recipe) -> str:
    """Return the columns a prompt is made of, joined as their cells are: `dynasty,power,mood`."""
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
    if "messages" in record:
        return next((m["content"] for m in record["messages"] if m.get("role") == "user"), "")
    recipe = version.recipe
    return record["prompt"].removesuffix(recipe.separator).removeprefix(f"{recipe.system_prompt}\n\n")


def draw(job: Job) -> None:
    """Draw what to type, and what is sent for it."""
    asked = example(job.version_id)
    if columns(job.recipe):
        st.caption(_("Write your prompt like the examples: these columns, in this order."))
        st.code(columns(job.recipe), language=None)
    with st.expander(_("What is added by itself"), icon=":material/auto_fix_high:", key="playground_recipe"):
        _draw_sent(job.recipe, asked or _("your prompt"))


def _draw_sent(recipe: Recipe, asked: str) -> None:
    prepared = prepare(recipe, asked)
    st.caption(_("Sent to the model, with spaces and line ends drawn"))
    if prepared.kind == "chat":
        st.json(list(prepared.messages), expanded=2)
    else:
        st.code(visible(prepared.prompt), language=None, wrap_lines=True)
    for stop in prepared.stop:
        st.caption(_("The answer ends before"))
        st.code(visible(stop), language=None)
