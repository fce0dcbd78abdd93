"""What can be trained: the engine's bases, and the hosted models of the catalogue, connected or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.pricing import catalogue
from lib.pricing.catalogue import CatalogueModel
from lib.providers import backend
from lib.providers.connections import Connection
from lib.providers.errors import BackendError
from lib.providers.normalise import RemoteModel
from lib.providers.provider import PROVIDERS
from lib.ui import own

FRESH = 5.0
"""Seconds for which an engine's list of models is taken as it was."""
FRESH_SERVICE = 60.0
"""The same for a service's."""

ENGINE = "engine"
STARTER = "starter"
KNOWN = "train_bases"
OFFERED = {"supervised", "dpo"}
"""Methods that are launched from here."""


@dataclass(frozen=True)
class Choice:
    """A base model at a service: `remote` is what the engine told of it, `priced` what our catalogue knows."""

    service: str
    """Id of the provider."""
    id: str
    connection: Connection | None
    """Over which it is reached; None while there is none to its service."""
    remote: RemoteModel | None = None
    priced: CatalogueModel | None = None

    @property
    def key(self) -> str:
        """Return what names it in the address."""
        return f"{self.connection.id if self.connection else self.service}/{self.id}"

    @property
    def where(self) -> str:
        """Return the service as people call it."""
        if self.connection is None:
            return PROVIDERS[self.service].title
        return _("this machine") if self.connection.id == ENGINE else self.connection.title

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


def choices() -> tuple[dict[str, Choice], TuneboardError | None]:
    """Return choices by key, the engine's first, and the first thing that kept us from asking what there is."""
    here, found, troubles = own.usable(), list[Choice](), list[TuneboardError | None]()
    for connection in sorted(here, key=lambda connection: connection.can.charges):
        named = _hosted(connection.provider)
        if named:
            found += [Choice(model.service, model.id, connection, priced=model) for model in named]
            continue
        models, trouble = _listed(connection) if connection.can.charges else _bases(connection)
        found += [_choice(connection, model) for model in models]
        troubles.append(trouble)
    if catalogue.FIRST not in {connection.provider for connection in here}:
        found += [Choice(model.service, model.id, None, priced=model) for model in _hosted(catalogue.FIRST)]
    return {choice.key: choice for choice in found}, next(filter(None, troubles), None)


def _choice(connection: Connection, model: RemoteModel) -> Choice:
    priced = catalogue.find(model.id, connection.provider) if connection.can.charges else None
    return Choice(connection.provider, model.id, connection, model, priced)


def _hosted(service: str) -> list[CatalogueModel]:
    """Return the models of a service that can be tuned today, where the catalogue names each of them."""
    offered = [model for model in catalogue.models() if model.service == service and model.billions is None]
    return [model for model in offered if not model.is_retired() and OFFERED & set(model.methods)]


def _listed(connection: Connection) -> tuple[list[RemoteModel], TuneboardError | None]:
    """Return the bases a service lists. Which of them it trains, many don't say: it is asked for, and may refuse."""
    models, trouble = _ask_service(connection.id, connection.base_url, connection)
    return [model for model in models if model.base], TuneboardError.from_json(trouble) if trouble else None


def _bases(engine: Connection) -> tuple[list[RemoteModel], TuneboardError | None]:
    """Return what an engine can train; while it is silent, what it could when this session last asked."""
    known: dict[str, list[RemoteModel]] = st.session_state.setdefault(KNOWN, {})
    try:
        known[engine.id] = [model for model in _ask(engine.id, engine.base_url, engine) if model.trainable]
    except BackendError as error:
        return known.get(engine.id, []), error
    return known[engine.id], None


@st.cache_data(ttl=FRESH, max_entries=8, show_spinner=False)
def _ask(id: str, url: str, _connection: Connection) -> list[RemoteModel]:
    return backend.models(_connection)


@st.cache_data(ttl=FRESH_SERVICE, max_entries=32, show_spinner=False)
def _ask_service(id: str, url: str, _connection: Connection) -> tuple[list[RemoteModel], dict[str, Any] | None]:
    """Ask once, also where it fails: a service that is away must not be waited for at every click."""
    try:
        return backend.models(_connection, timeout=backend.CHECK_TIMEOUT), None
    except TuneboardError as error:
        return [], error.to_json()
