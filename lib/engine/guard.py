"""The door: who may speak to the engine, checked before any route runs.

On loopback the Host header must name loopback (a page that rebinds its DNS name to 127.0.0.1 still sends its own
name), a browser's request must come from the engine's own origin, and a key, where one is set, must be given.
Promises a request id on every answer and a cap on every body. Knows nothing of the routes but `/healthz`.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.engine.errors import ApiError
from lib.engine.ids import new_id
from lib.engine.limits import MIB, Limits

FORM_OVERHEAD = MIB
"""What a multipart form may add to the file in it."""
OPEN_PATHS = frozenset({"/healthz"})


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address, is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, host: str, api_key: str, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._loopback = is_loopback(host)
        self._authorization = f"Bearer {api_key}".encode() if api_key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stamp = _stamp(send)
        limit = _largest_body(scope["path"], self._limits)
        try:
            self._check(scope, limit)
        except ApiError as refusal:
            await refusal.response()(scope, receive, stamp)
            return
        await self._app(scope, _capped(receive, limit), stamp)

    def _check(self, scope: Scope, limit: int) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._loopback and not is_loopback(_hostname(host)):
            raise ApiError(403, "This engine answers only to a loopback name in the Host header.", code="invalid_host")
        _check_origin(headers, host)
        if self._authorization and scope["path"] not in OPEN_PATHS:
            _check_key(headers, self._authorization)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            raise _too_large(limit)


def _largest_body(path: str, limits: Limits) -> int:
    """Return how many bytes a request to `path` may have."""
    if path == "/v1/files":
        return limits.file_bytes + FORM_OVERHEAD
    if path.startswith("/v1/uploads/") and path.endswith("/parts"):
        return limits.part_bytes + FORM_OVERHEAD
    return limits.json_bytes


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # a bracket without its other half
        return ""


def _check_origin(headers: Headers, host: str) -> None:
    origin = headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2] != host
    if foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise ApiError(403, "Requests from web pages of another origin are refused.", code="invalid_origin")


def _check_key(headers: Headers, expected: bytes) -> None:
    given = headers.get("authorization", "").encode("latin-1")
    challenge = {"WWW-Authenticate": "Bearer"}
    if not given:
        message = "You didn't provide an API key. Send it in an Authorization header: 'Authorization: Bearer YOUR_KEY'."
        raise ApiError(401, message, headers=challenge)
    if not hmac.compare_digest(given, expected):
        raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key", headers=challenge)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The request is too large: at most {limit // MIB} MiB are taken.", code="request_too_large")


def _capped(receive: Receive, limit: int) -> Receive:
    read = 0

    async def capped() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise _too_large(limit)
        return message

    return capped


def _stamp(send: Send) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = new_id("req_", 32)
            headers["x-content-type-options"] = "nosniff"
        await send(message)

    return stamped
