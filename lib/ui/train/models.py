"""What can be trained: the engine's bases, and the hosted models of the catalogue, connected or not."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from lib.i18n import _
from lib.pricing import catalogue
from lib.pricing.catalogue import CatalogueModel
from lib.providers import backend
from lib.providers.connections import Connection
from lib.providers.errors import BackendError
from lib.providers.normalise import RemoteModel
from lib.ui import own

FRESH = 5.0
"""Seconds for which a list of models is taken as it was."""

ENGINE = "engine"
STARTER = "starter"
KNOWN = "train_bases"
OFFERED = {"supervised", "dpo"}
"""Methods that are launched from here."""
TITLES = {"openai": "OpenAI"}


@dataclass(frozen=True)
class Choice:
    """A base model at a service: `remote` is what the engine told of it, `priced` what our catalogue knows."""

    service: str
    id: str
    connected: bool
    remote: RemoteModel | None = None
    priced: CatalogueModel | None = None

    @property
    def key(self) -> str:
        """Return what names it in the address."""
        return f"{self.service}/{self.id}"

    @property
    def where(self) -> str:
        """Return the service as people call it."""
        return _("this machine") if self.service == ENGINE else TITLES.get(self.service, self.service)

    @property
    def label(self) -> str:
        """Return the model as people call it, and where it is: plain text."""
        return f"{self.priced.title if self.priced else self.id} · {self.where}"

    @property
    def is_starter(self) -> bool:
        """Return whether it is made from the examples alone."""
        return self.service == ENGINE and self.id == STARTER

    @property
    def is_tuned(self) -> bool:
        """Return whether it has been tuned before, so that this goes on from there."""
        return self.remote is not None and not self.remote.base

    @property
    def context(self) -> int | None:
        """Return the tokens of the longest example that is trained whole."""
        if self.priced:
            return self.priced.context
        return self.remote.context if self.remote else None


def choices() -> tuple[dict[str, Choice], BackendError | None]:
    """Return choices by key, the engine's first, and what is wrong with the engine if it could not be asked."""
    here = {connection.id: connection for connection in own.usable()}
    bases, trouble = _bases(here.get(ENGINE))
    found = [Choice(ENGINE, model.id, connected=True, remote=model) for model in bases]
    offered = [model for model in catalogue.models() if model.service in {catalogue.FIRST, *here}]
    hosted = [model for model in offered if not model.is_retired() and OFFERED & set(model.methods)]
    found += [Choice(model.service, model.id, model.service in here, priced=model) for model in hosted]
    return {choice.key: choice for choice in found}, trouble


def _bases(engine: Connection | None) -> tuple[list[RemoteModel], BackendError | None]:
    """Return what the engine can train; while it is silent, what it could when this session last asked."""
    if engine is None:
        return [], None
    try:
        st.session_state[KNOWN] = [model for model in _ask(engine.base_url, engine) if model.trainable]
    except BackendError as error:
        return st.session_state.get(KNOWN, []), error
    return st.session_state[KNOWN], None


@st.cache_data(ttl=FRESH, max_entries=8, show_spinner=False)
def _ask(url: str, _connection: Connection) -> list[RemoteModel]:
    return backend.models(_connection)
