"""API keys at rest and in memory.

A key is kept sealed in the database (Fernet: AES-128-CBC with HMAC-SHA256) under `TUNEBOARD_SECRET_KEY`, or only in
this process for as long as it runs. It is unsealed where a request is made, and is never shown again.
"""

from __future__ import annotations

import threading

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from lib.config import settings
from lib.providers.errors import BadSecretKey, NoSecretKey

_held: dict[str, SecretStr] = {}
_lock = threading.Lock()


def can_seal() -> bool:
    """Tell whether this server has a secret to seal keys with."""
    return bool(settings().secret_key.get_secret_value().strip())


def seal(key: SecretStr) -> str:
    """Return the key encrypted.

    Raises:
        NoSecretKey: the server has no secret to seal it with.
        BadSecretKey: what it has is none.
    """
    return _box().encrypt(key.get_secret_value().encode()).decode()


def unseal(sealed: str) -> SecretStr | None:
    """Return a key that was sealed, or None if none of the server's secrets opens it."""
    if not can_seal():
        return None
    try:
        return SecretStr(_box().decrypt(sealed.encode()).decode())
    except InvalidToken:
        return None


def hold(connection: str, key: SecretStr) -> None:
    """Keep a key in memory until this process ends."""
    with _lock:
        _held[connection] = key


def held(connection: str) -> SecretStr | None:
    """Return the key that is held in memory for a connection."""
    with _lock:
        return _held.get(connection)


def drop(connection: str) -> None:
    """Forget a key that is held in memory."""
    with _lock:
        _held.pop(connection, None)


def _box() -> MultiFernet:
    """Return the box that seals with the first secret and opens with any: an old one stays while keys move on."""
    secrets = [part.strip() for part in settings().secret_key.get_secret_value().split(",") if part.strip()]
    if not secrets:
        raise NoSecretKey
    try:
        return MultiFernet([Fernet(secret) for secret in secrets])
    except ValueError:
        raise BadSecretKey from None  # the message would hold a part of the secret
