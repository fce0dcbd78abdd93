"""A connection test that says in words what works: reachable, key accepted, models found, jobs may be started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lib.errors import TuneboardError
from lib.i18n import N_
from lib.providers import backend
from lib.providers.connections import Connection
from lib.providers.errors import (
    BackendError,
    BackendTrouble,
    BadKey,
    ConnectionLost,
    EmptyAnswer,
    KeyGone,
    NotAllowed,
    NotAnApi,
    NotFound,
    OtherDialect,
    Redirected,
    Refused,
    Unauthorized,
    Unreachable,
    WebPage,
)

UNREACHABLE = N_("{service} can't be reached.")
NO_API = N_("Something answers at this address, but it is not the API.")
INSTEAD: dict[type[NotAnApi], str] = {
    WebPage: N_("A web page is at this address, and not the API."),
    Redirected: N_("This address sends us to another one."),
    OtherDialect: N_("An API is at this address, but it does not speak OpenAI's protocol."),
    EmptyAnswer: N_("Something is at this address, and answers with nothing."),
}
"""What answers in place of the API -> how it is told."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried. `works` is None where it can't be told; `error` says why something does not."""

    sentence: str
    works: bool | None
    values: dict[str, Any]
    error: TuneboardError | None = None


def inspect(connection: Connection) -> list[Finding]:
    """Try a connection, one thing after the other; stop where the next makes no sense. Never raises, starts nothing."""
    return list(_try(connection))


def _try(at: Connection) -> Iterator[Finding]:
    told = {"service": at.title}
    try:
        found = len(backend.models(at, timeout=backend.CHECK_TIMEOUT))
    except (Unauthorized, BadKey, KeyGone) as problem:
        yield Finding(N_("{service} can be reached."), None if isinstance(problem, BadKey | KeyGone) else True, told)
        yield Finding(N_("The key is not accepted."), False, told, problem)
        return
    except NotAnApi as problem:
        yield Finding(_what_answers(problem), False, told, problem)
        return
    except Refused as problem:
        yield Finding(N_("{service} can be reached."), True, told)
        yield Finding(N_("Models can't be listed."), False, told, problem)
    except BackendTrouble as problem:
        yield Finding(N_("{service} can be reached, but has a problem on its side."), False, told, problem)
        return
    except BackendError as problem:
        silent = isinstance(problem, ConnectionLost) and not isinstance(problem, Unreachable)
        sentence = N_("Something takes the connection, and does not answer.") if silent else UNREACHABLE
        yield Finding(sentence, False, told, problem)
        return
    else:
        yield Finding(N_("{service} can be reached."), True, told)
        if at.api_key.get_secret_value():
            yield Finding(N_("The key is accepted."), True, told)
        yield Finding(N_("Models offered: {n}."), bool(found), {"n": found})
    yield _jobs(at)


def _what_answers(problem: NotAnApi) -> str:
    return next((sentence for kind, sentence in INSTEAD.items() if isinstance(problem, kind)), NO_API)


def _jobs(at: Connection) -> Finding:
    """Ask for a job that can't be made: whoever may not start one is told so before the missing file is noticed."""
    try:
        backend.try_job(at)
    except NotAllowed as problem:
        return Finding(N_("This account may not start fine-tuning jobs."), False, {}, problem)
    except NotFound as problem:
        if problem.values.get("code") in backend.MISSING_OBJECT:
            return Finding(N_("Fine-tuning jobs can be started."), True, {})
        return Finding(N_("There are no fine-tuning jobs here: it can only answer."), False, {}, problem)
    except Refused:
        return Finding(N_("Fine-tuning jobs can be started."), True, {})
    except BackendError as problem:
        return Finding(N_("Whether fine-tuning jobs can be started is not known."), None, {}, problem)
    return Finding(N_("Whether fine-tuning jobs can be started is not known."), None, {})
