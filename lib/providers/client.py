"""openai SDK clients that send our key to our address, and nothing else to anybody.

With any base URL the SDK adds what it finds in `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`, `OPENAI_CUSTOM_HEADERS` and falls
back to `OPENAI_API_KEY`; it follows redirects and retries by itself, which starts a job twice when an answer is lost.
All of that is switched off here.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpcore2
import httpx2
from openai import DefaultHttpxClient, OpenAI, Timeout

from lib.providers.addresses import GuardedNetwork
from lib.providers.connections import Connection
from lib.providers.errors import BadKey, EngineDown, KeyGone

TIMEOUT = 20.0
CONNECT_SECONDS = 5.0
_KEY = re.compile(r"[\x21-\x7e]+")
_NO_KEY = "none"  # the SDK insists on one
_one_at_a_time = threading.Lock()


class _Http(DefaultHttpxClient):
    """An HTTP client that closes its connections when it is dropped, as the SDK's own does."""

    def __del__(self) -> None:
        self.close()


def open_client(connection: Connection, *, timeout: float = TIMEOUT, max_retries: int = 0) -> OpenAI:
    """Return the client of a connection; clients are shared between threads.

    Raises:
        EngineDown: the embedded engine isn't ready.
        BadKey: the key can't be sent in a header.
        KeyGone: the key was held in memory, and this process is another one.
    """
    if not connection.base_url:
        raise EngineDown(service=connection.title, detail="starting")
    if connection.missing_key:
        raise KeyGone(service=connection.title)
    key = connection.api_key.get_secret_value().strip() or _NO_KEY
    if not _KEY.fullmatch(key):
        raise BadKey(service=connection.title)
    with _one_at_a_time:
        return _client(connection.base_url, key, timeout, max_retries, connection.guarded)


def close_clients() -> None:
    """Let go of every client; each closes its connections once nobody uses it."""
    _client.cache_clear()


@lru_cache(maxsize=64)
def _client(base_url: str, key: str, timeout: float, max_retries: int, guarded: bool) -> OpenAI:
    patience = Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
    made = OpenAI(
        api_key=key,
        admin_api_key="",
        webhook_secret="",
        base_url=base_url,
        timeout=patience,
        max_retries=max_retries,
        http_client=_http(patience, base_url, guarded),
    )
    # Passing None or "" to the constructor reads the environment or sends empty headers: clear them afterwards.
    made.organization = made.project = None
    made._custom_headers = {}
    return made


def _http(patience: Timeout, base_url: str, guarded: bool) -> _Http:
    if not guarded:
        # A proxy of the environment knows nothing of this machine's own ports.
        return _Http(timeout=patience, follow_redirects=False, trust_env=not _is_here(base_url))
    # No proxy of the environment either: it would look the name up for itself.
    return _Http(timeout=patience, follow_redirects=False, trust_env=False, transport=_Guarded())


class _Guarded(httpx2.HTTPTransport):
    """httpx's own transport on a network that refuses forbidden addresses."""

    def __init__(self) -> None:
        super().__init__(trust_env=False)
        pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False), network_backend=GuardedNetwork()
        )
        self._pool.close()
        self._pool = pool


def _is_here(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
