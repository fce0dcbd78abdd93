"""What nobody foresaw: the reader gets a reference, the log gets the rest."""

from __future__ import annotations

import logging

import streamlit as st

from lib.db import new_id
from lib.i18n import _

log = logging.getLogger(__name__)


def report(problem: Exception) -> bool:
    """Log an error that escaped a page and show its reference; return that it was shown."""
    reference = new_id()[:8]
    log.exception("reference=%s", reference, exc_info=problem)
    st.error(
        _(
            "Nothing is lost. Reload the page. If it happens again, tell whoever runs this server the reference {id}.",
            id=reference,
        ),
        title=_("This page hit an unexpected problem"),
    )
    return True
