"""One question to a backend: JSON comes back, or one of `lib.providers.errors` is raised.

The SDK's typed answers are not used: a missing field becomes None there, a web page becomes a `str` and lists of web
pages raise AttributeError. So the raw body is read here, and what is quoted of it is cut short and cleaned of the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, OpenAI, OpenAIError

from lib.providers import errors
from lib.providers.client import TIMEOUT, open_client
from lib.providers.connections import Connection

CREDIT_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_usage_limit_exceeded",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "billing_hard_limit_reached",
    }
)
"""429 codes that no waiting cures (help.openai.com, article 5955604)."""

_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
PAGE = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)
"""How a web page begins."""
_BY_STATUS = {401: errors.Unauthorized, 403: errors.NotAllowed, 404: errors.NotFound}


def ask(
    connection: Connection, act: Callable[[OpenAI], httpx2.Response], *, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """Run `act` on a client; it makes one request and returns the response. Return the JSON object that came back.

    A list that came bare, as Together lists models, becomes one under `data`.
    """
    body = ask_bytes(connection, act, timeout=timeout)
    told = {"service": connection.title, "detail": _quote(connection, body.decode(errors="replace"))}
    if not body.strip():
        raise errors.EmptyAnswer(**told)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise (errors.WebPage if PAGE.match(body) else errors.NotAnApi)(**told) from None
    if isinstance(answer, list) and all(isinstance(item, dict) for item in answer):
        return {"data": answer, "has_more": False}
    if not isinstance(answer, dict):
        raise errors.OtherDialect(**told)
    return answer


def ask_bytes(connection: Connection, act: Callable[[OpenAI], httpx2.Response], *, timeout: float = TIMEOUT) -> bytes:
    """Do the same as `ask`, but return the bytes as they came."""
    with translated(connection):
        return act(open_client(connection, timeout=timeout)).content


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Turn whatever the SDK raises inside the block into one of our errors, with no trace of the key."""
    try:
        yield
    except OpenAIError as problem:
        ours = _explain(connection, problem)
    except ValueError as problem:  # broken JSON in a stream, an address that is none
        ours = errors.NotAnApi(service=connection.title, detail=_quote(connection, str(problem)))
    except httpx2.HTTPError as problem:
        ours = errors.ConnectionLost(service=connection.title, detail=_quote(connection, str(problem)))
    else:
        return
    raise ours from None  # the SDK's chain may hold the request, and the request holds the key


def _explain(connection: Connection, problem: OpenAIError) -> errors.BackendError:
    if isinstance(problem, APIStatusError):
        return _explain_status(connection, problem)
    cause = problem.__cause__
    told = {"service": connection.title, "detail": _quote(connection, str(cause or problem))}
    if isinstance(cause, _NEVER_SENT):
        return errors.Unreachable(**told)
    if isinstance(problem, APITimeoutError):
        return errors.ConnectionLost(service=connection.title, detail="no answer in time")
    if isinstance(problem, APIConnectionError) or not isinstance(problem, APIError):
        return errors.ConnectionLost(**told)
    return errors.StreamBroken(service=connection.title, detail=_quote(connection, problem.message))


def _explain_status(connection: Connection, problem: APIStatusError) -> errors.BackendError:
    status, code = problem.status_code, problem.code or ""
    told: dict[str, Any] = {
        "service": connection.title,
        "detail": _quote(connection, _message(problem)),
        "status": status,
        "code": code,
    }
    if status >= 500 or status == 408:
        return errors.BackendTrouble(**told)
    if status < 400:
        return errors.Redirected(**told)
    if _is_page(problem):
        return errors.WebPage(**told)
    if status == 409:
        return errors.Busy(**told)
    if status == 429:
        broke = code in CREDIT_CODES or problem.type in CREDIT_CODES
        return errors.OutOfCredit(**told) if broke else errors.RateLimited(retry_after=_retry_after(problem), **told)
    return _BY_STATUS.get(status, errors.Refused)(**told)


def _message(problem: APIStatusError) -> str:
    """Return the backend's own words: they may lie in `error.message`, `error`, `detail` or be the whole body."""
    if problem.status_code < 400:
        return f"{problem.status_code} → {problem.response.headers.get('location', '')}"
    body = problem.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body.get("error") or body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False) if body else ""
    return text or f"HTTP {problem.status_code}"


def _is_page(problem: APIStatusError) -> bool:
    return "html" in problem.response.headers.get("content-type", "") and not isinstance(problem.body, dict)


def _retry_after(problem: APIStatusError) -> float | None:
    try:
        return max(0.0, float(problem.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _quote(connection: Connection, text: str, limit: int = 300) -> str:
    """Return at most `limit` characters in one line; of a web page its title; never the key."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    line = " ".join((title.group(1) if title else text).split())
    key = connection.api_key.get_secret_value().strip()
    if key:
        line = line.replace(key, "…")
    return line if len(line) <= limit else line[:limit] + "…"
