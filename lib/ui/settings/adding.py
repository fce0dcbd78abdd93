"""Add a connection: which service, where it is, its key, and where the key is to lie."""

from __future__ import annotations

import re

import streamlit as st
from pydantic import SecretStr

from lib.i18n import N_, _
from lib.providers import connections
from lib.providers.provider import PROVIDERS, Provider
from lib.ui import own
from lib.ui.settings.listing import TESTED, draw_keep
from lib.ui.text import refusals

NAMES = {"engine": N_("A Tuneboard engine elsewhere"), "compatible": N_("Any service that speaks OpenAI's protocol")}
OFFERED = ("openai", "azure", "nebius", "crusoe", "together", "engine", "compatible")
ROUND = "settings_round"
"""Numbers the forms: a new one is empty, and what was typed into the last, the key too, is forgotten."""
RESOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


def draw() -> None:
    """Draw the form. The connection is tested as soon as it is added."""
    form = st.session_state.get(ROUND, 0)
    provider = PROVIDERS[st.selectbox(_("Service"), OFFERED, format_func=_name, key="settings_service")]
    with st.form("settings_add", border=False, clear_on_submit=False, enter_to_submit=False):
        title = st.text_input(_("Name"), placeholder=_name(provider.id), max_chars=60, key=f"settings_title_{form}")
        address = _draw_address(provider, form)
        key = st.text_input(_("API key"), type="password", autocomplete="off", key=f"settings_key_{form}")
        keep = draw_keep("settings_keep")
        pressed = st.form_submit_button(_("Add and test"), type="primary", icon=":material/add_link:")
    if pressed:
        _add(provider, title.strip() or _name(provider.id), address, key, keep)


def _name(id: str) -> str:
    return _(NAMES[id]) if id in NAMES else PROVIDERS[id].title


def _draw_address(provider: Provider, form: int) -> str:
    """Draw what is left to say of the address, and return the address, empty while it is not whole."""
    if "{resource}" in provider.base_url:
        hint = _("The first part of the address of your resource: {address}", address=provider.base_url)
        resource = st.text_input(_("Resource"), key=f"settings_resource_{form}", help=hint, max_chars=63).strip()
        return provider.base_url.format(resource=resource) if RESOURCE.fullmatch(resource) else ""
    if provider.base_url:
        st.text_input(_("Base URL"), provider.base_url, disabled=True, key=f"settings_url_{provider.id}")
        return provider.base_url
    hint = _("It usually ends in /v1.")
    return st.text_input(_("Base URL"), key=f"settings_url_{form}", placeholder="https://…/v1", help=hint).strip()


def _add(provider: Provider, title: str, address: str, key: str, keep: bool) -> None:
    if not address:
        st.warning(_("Say where the service is."), icon=":material/link_off:")
        return
    if provider.needs_key and not key.strip():
        st.warning(_("{service} needs a key.", service=title), icon=":material/key_off:")
        return
    with refusals():
        id = connections.add(provider.id, title, address, SecretStr(key), keep=keep)
        own.claim(id)
        st.session_state[TESTED] = id
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
        st.rerun()
