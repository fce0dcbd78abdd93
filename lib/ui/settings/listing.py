"""The connections there are: what each is, where its key lies, a test, a new key, and a way out."""

from __future__ import annotations

import streamlit as st
from pydantic import SecretStr

from lib.i18n import _
from lib.providers import connections, inspection, keys
from lib.providers.connections import Connection
from lib.providers.embedded import embedded
from lib.ui import own
from lib.ui.text import escape, refusals, say, show_error

TESTED = "settings_tested"
ENGINE = "engine"
MARKS = {True: ":material/check_circle:", False: ":material/cancel:", None: ":material/help:"}


def draw(found: list[Connection]) -> None:
    """Draw every connection as a card."""
    for connection in found:
        with st.container(border=True, key=f"settings_connection_{connection.id}"):
            _draw(connection)


def _draw(connection: Connection) -> None:
    st.subheader(escape(connection.title))
    st.caption(escape(connection.base_url) if connection.base_url else _("Not ready yet"))
    st.caption(_where_key_lies(connection))
    with st.container(horizontal=True):
        label, icon = _("Test"), ":material/network_check:"
        if st.button(label, key=f"settings_test_{connection.id}", icon=icon):
            st.session_state[TESTED] = connection.id
        if connection.added:
            _draw_changes(connection)
    if st.session_state.get(TESTED) == connection.id:
        _draw_test(connection)


def _where_key_lies(connection: Connection) -> str:
    if connection.missing_key:
        return _("Its key is not here any more: enter it again.")
    if connection.in_memory:
        return _("Its key is held in memory for this session, and never written.")
    if not connection.api_key.get_secret_value() or (connection.id == ENGINE and embedded()):
        return _("It needs no key.")
    if connection.added:
        return _("Its key is kept encrypted.")
    return _("Its key comes from the server's configuration.")


def _draw_test(connection: Connection) -> None:
    with st.spinner(_("Testing…")):
        found = inspection.inspect(connection)
    for finding in found:
        st.markdown(f"{MARKS[finding.works]} {say(finding.sentence, **finding.values)}")
        if finding.error:
            show_error(finding.error)
    st.session_state.pop(TESTED)


def _draw_changes(connection: Connection) -> None:
    if connection.can.needs_key or connection.api_key.get_secret_value() or connection.missing_key:
        with st.popover(_("Change the key"), icon=":material/key:", key=f"settings_rekey_{connection.id}"):
            _draw_rekey(connection)
    label, icon = _("Remove"), ":material/delete:"
    if st.button(label, key=f"settings_remove_{connection.id}", icon=icon):
        st.dialog(_("Remove this connection?"))(_confirm)(connection)


def _draw_rekey(connection: Connection) -> None:
    with st.form(f"settings_rekey_form_{connection.id}", border=False, clear_on_submit=True):
        typed = st.text_input(_("API key"), type="password", autocomplete="off")
        keep = draw_keep(f"settings_rekey_keep_{connection.id}")
        if st.form_submit_button(_("Save")) and typed.strip():
            with refusals():
                connections.rekey(connection.id, SecretStr(typed), keep=keep)
                own.claim(connection.id)
                st.rerun()


def draw_keep(key: str) -> bool:
    """Draw where a key is to lie, and return whether it is to be kept."""
    options = [_("In memory, for this session alone"), _("Encrypted, for everybody on this server")]
    if not keys.can_seal():
        st.caption(_("It is held in memory for this session. To keep keys, set TUNEBOARD_SECRET_KEY on the server."))
        return False
    return st.radio(_("Keep the key"), options, key=key) == options[1]


def _confirm(connection: Connection) -> None:
    st.write(_("Its key is forgotten. Jobs that were started there stay in the list, and are not followed any more."))
    remove, label = connections.remove, _("Remove the connection")
    if st.button(label, type="primary", key="settings_remove_yes", on_click=remove, args=(connection.id,)):
        st.rerun()
