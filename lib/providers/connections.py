"""The backends this server may talk to: the engine, and OpenAI when the operator gave a key.

A key is bound to its base URL and shown nowhere. Nothing is taken from `OPENAI_*` variables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr

from lib.config import settings
from lib.i18n import _
from lib.providers.embedded import embedded
from lib.providers.errors import NoSuchConnection
from lib.providers.provider import PROVIDERS, Provider

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Connection:
    """A backend: where it is, what it is, and the key it gets."""

    id: str
    provider: str
    title: str
    base_url: str
    """Empty while the embedded engine is not ready."""
    api_key: SecretStr = field(repr=False)

    @property
    def can(self) -> Provider:
        """Return the capability flags of the service."""
        return PROVIDERS[self.provider]


def connections() -> list[Connection]:
    """Return the connections of this server; the engine comes first. Titles are in the current language."""
    found = [_engine()]
    if settings().openai_api_key.get_secret_value():
        found.append(Connection("openai", "openai", "OpenAI", OPENAI_URL, settings().openai_api_key))
    return found


def connection(id: str) -> Connection:
    """Return one connection.

    Raises:
        NoSuchConnection: it isn't configured on this server.
    """
    for found in connections():
        if found.id == id:
            return found
    raise NoSuchConnection(id=id)


def _engine() -> Connection:
    if settings().engine_url:
        return Connection("engine", "engine", _("Engine"), settings().engine_url, settings().engine_api_key)
    ours = embedded()
    url, key = (ours and ours.endpoint()) or ("", SecretStr(""))
    return Connection("engine", "engine", _("Engine on this machine"), url, key)
