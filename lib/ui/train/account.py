"""Whether an account may train at all: asked before anything is uploaded, once a day for each connection."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.providers import backend
from lib.providers.connections import Connection
from lib.providers.errors import KeyGone, NotAllowed, NotFound, OutOfCredit, RateLimited, Refused, Unauthorized
from lib.ui.text import escape

DAY = 86_400.0
MINUTE = 60.0
FINAL = (NotAllowed, Unauthorized, OutOfCredit, KeyGone)
"""Refusals that no other model or file would change."""


def refusal(connection: Connection) -> TuneboardError | None:
    """Return why no job can be started over a connection; None if one can, or if it can't be told now."""
    if not connection.can.charges:
        return None
    key = (connection.id, connection.base_url, connection.missing_key)
    with st.spinner(_("Asking {service} whether this account may train", service=escape(connection.title))):
        told = _today(key, connection)
    return TuneboardError.from_json(told) if told else None


def _today(key: tuple[object, ...], connection: Connection) -> dict[str, Any] | None:
    """Take an answer for a day; while there is none, ask again a minute later."""
    try:
        return _settled(key, connection)
    except _Unsettled:
        return None


class _Unsettled(Exception):
    """The service gave no answer that counts."""


@st.cache_data(ttl=DAY, max_entries=64, show_spinner=False)
def _settled(key: tuple[object, ...], _connection: Connection) -> dict[str, Any] | None:
    settled, told = _asked(key, _connection)
    if not settled:
        raise _Unsettled
    return told


@st.cache_data(ttl=MINUTE, max_entries=64, show_spinner=False)
def _asked(key: tuple[object, ...], _connection: Connection) -> tuple[bool, dict[str, Any] | None]:
    """Return whether the service has answered, and its refusal."""
    try:
        backend.try_job(_connection)
    except FINAL as problem:
        return True, problem.to_json()
    except NotFound as problem:
        known = problem.values.get("code") in backend.MISSING_OBJECT
        return True, None if known else problem.to_json()
    except RateLimited:
        return False, None
    except Refused:
        return True, None
    except TuneboardError:
        return False, None
    return True, None
