"""The door: who may speak to the engine, checked before any route runs.

On loopback the Host header must name loopback (a page that rebinds its DNS name to 127.0.0.1 still sends its own
name), a browser's request must come from the engine's own origin, what a form can send must carry a header that no
form can set, and a key, where there is one, must be given. Promises a request id on every answer, a cap on every
body, and that every route learns on whose behalf it is asked. Knows of the routes only their paths.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.engine.door.keys import Keys
from lib.engine.door.projects import enter
from lib.engine.errors import ApiError
from lib.engine.ids import new_id
from lib.engine.limits import MIB, Limits

FORM_OVERHEAD = MIB
"""What a multipart form may add to the file in it."""
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a browser sends to any address without asking it first (https://fetch.spec.whatwg.org/#cors-safelisted-request-header)."""
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

    def __init__(self, app: ASGIApp, *, host: str, keys: Keys, limits: Limits) -> None:
        self._app = app
        self._loopback = is_loopback(host)
        self._keys = keys
        self._limits = limits

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
        if scope["path"] not in OPEN_PATHS:
            enter(scope, self._keys.caller(headers.get("authorization", ""), headers.get("openai-project")))
            _check_form(scope["method"], headers)
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > limit:
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


def _check_form(method: str, headers: Headers) -> None:
    """Refuse what a page's form could have sent: an old browser does not tell where it comes from."""
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method == "POST" and media in FORM_TYPES and "authorization" not in headers:
        message = "Send an Authorization header, as every client does: this could come from a form on a web page."
        raise ApiError(401, message, code="missing_authorization", headers={"WWW-Authenticate": "Bearer"})


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
