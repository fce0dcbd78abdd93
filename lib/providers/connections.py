"""The backends this server may talk to: the engine, what its operator configured, and what users added.

A key is bound to its base URL and shown nowhere. Nothing is taken from `OPENAI_*` variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr
from sqlalchemy import delete, select

from lib.config import settings
from lib.db import ConnectionRow, new_id, session
from lib.i18n import _
from lib.providers import addresses, configured, keys
from lib.providers.embedded import embedded
from lib.providers.errors import NoSuchConnection
from lib.providers.provider import PROVIDERS, Provider

NO_KEY = SecretStr("")


@dataclass(frozen=True)
class Connection:
    """A backend: where it is, what it is, and the key it gets."""

    id: str
    provider: str
    title: str
    base_url: str
    """Empty while the embedded engine is not ready."""
    api_key: SecretStr = field(repr=False)
    guarded: bool = False
    """A user gave the address: it may not lead to this machine."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What its job requests hold besides, such as a kind of training."""
    missing_key: bool = False
    """It needs a key that is not here any more."""
    in_memory: bool = False
    """Its key was given for one browser session: the others are not offered it."""
    added: bool = False
    """A user added it, and may remove it."""

    @property
    def can(self) -> Provider:
        """Return the capability flags of the service."""
        return PROVIDERS[self.provider]


def connections() -> list[Connection]:
    """Return the connections of this server; the engine comes first. Titles are in the current language."""
    return list(_all())


def connection(id: str) -> Connection:
    """Return one connection.

    Raises:
        NoSuchConnection: it isn't configured on this server.
    """
    for found in _all():
        if found.id == id:
            return found
    raise NoSuchConnection(id=id)


def add(
    provider: str, title: str, base_url: str, key: SecretStr, *, keep: bool, extra: dict[str, Any] | None = None
) -> str:
    """Add a backend and return its id. `keep` seals the key in the database, else it stays in this process's memory.

    Raises:
        ForbiddenAddress: the address leads to this machine or its network's own services.
        NoSecretKey, BadSecretKey: a key is to be kept and can't be sealed.
    """
    can, url = PROVIDERS[provider], base_url.strip().rstrip("/")
    if _is_guarded(can, url):
        addresses.check(url, title)
    secret = key.get_secret_value().strip()
    id = new_id()
    sealed = keys.seal(SecretStr(secret)) if secret and keep else None
    row = ConnectionRow(
        id=id, provider=provider, title=title, base_url=url, sealed=sealed, keyed=bool(secret), extra=extra or {}
    )
    with session() as opened:
        opened.add(row)
    if secret and not keep:
        keys.hold(id, SecretStr(secret))
    return id


def rekey(id: str, key: SecretStr, *, keep: bool) -> None:
    """Give an added backend another key.

    Raises:
        NoSuchConnection: nobody added it.
        NoSecretKey, BadSecretKey: the key is to be kept and can't be sealed.
    """
    secret = SecretStr(key.get_secret_value().strip())
    sealed = keys.seal(secret) if keep else None
    with session() as opened:
        row = opened.get(ConnectionRow, id)
        if row is None:
            raise NoSuchConnection(id=id)
        row.sealed, row.keyed = sealed, True
    keys.drop(id)
    if not keep:
        keys.hold(id, secret)


def remove(id: str) -> None:
    """Forget an added backend and its key. Jobs there are kept, and can't be followed any more."""
    with session() as opened:
        opened.execute(delete(ConnectionRow).where(ConnectionRow.id == id))
    keys.drop(id)


def _all() -> Iterator[Connection]:
    """Yield them one by one: whoever looks for the engine does not ask the database."""
    yield _engine()
    if settings().openai_api_key.get_secret_value():
        ours = PROVIDERS["openai"]
        yield Connection("openai", "openai", ours.title, ours.base_url, settings().openai_api_key)
    for entry in configured.entries():
        yield Connection(entry.id, entry.provider, entry.title, entry.base_url, entry.key, extra=entry.extra)
    with session() as opened:
        rows = opened.scalars(select(ConnectionRow).order_by(ConnectionRow.created_at)).all()
    yield from (_added(row) for row in rows if row.provider in PROVIDERS)


def _engine() -> Connection:
    if settings().engine_url:
        return Connection("engine", "engine", _("Engine"), settings().engine_url, settings().engine_api_key)
    ours = embedded()
    url, key = (ours and ours.endpoint()) or ("", NO_KEY)
    return Connection("engine", "engine", _("Engine on this machine"), url, key)


def _added(row: ConnectionRow) -> Connection:
    key = keys.held(row.id) or (keys.unseal(row.sealed) if row.sealed else None)
    return Connection(
        row.id,
        row.provider,
        row.title,
        row.base_url,
        key or NO_KEY,
        guarded=_is_guarded(PROVIDERS[row.provider], row.base_url),
        extra=dict(row.extra),
        missing_key=row.keyed and key is None,
        in_memory=row.keyed and row.sealed is None,
        added=True,
    )


def _is_guarded(can: Provider, url: str) -> bool:
    return url != can.base_url and not settings().allow_local_addresses
