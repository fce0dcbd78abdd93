"""Where the pages are, and how one leads to another.

Addresses are the same in every language; titles follow the reader. Paths are absolute, because Streamlit would
read a relative one from the folder of the shell.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from lib.config import ROOT
from lib.i18n import N_, _

PLACES = {
    "home": (N_("Home"), ":material/home:"),
    "data": (N_("Data"), ":material/table_chart:"),
    "train": (N_("Train"), ":material/model_training:"),
    "jobs": (N_("Jobs"), ":material/list_alt:"),
    "results": (N_("Results"), ":material/show_chart:"),
    "playground": (N_("Playground"), ":material/forum:"),
    "settings": (N_("Settings"), ":material/settings:"),
}


def place(name: str) -> Page:
    """Return the page `name`, a key of `PLACES`, titled in the reader's language."""
    title, icon = PLACES[name]
    path = ROOT / "pages" / f"{name}.py"
    return st.Page(path, title=_(title), icon=icon, url_path=name, default=name == "home")


def go(name: str, **params: str) -> NoReturn:
    """Leave for the page `name` with `params` in its address, e.g. `go("train", version=id)`."""
    st.switch_page(place(name), query_params=params)


def link(name: str, label: str, *, icon: str | None = None, **params: str) -> None:
    """Draw a link to the page `name`. `label` is Markdown: escape what is not ours."""
    st.page_link(place(name), label=label, icon=icon or PLACES[name][1], query_params=params)
