"""Whose request it is. The door says it, every route asks it, and no route shows one project what another owns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

from lib.engine.errors import ApiError
from lib.engine.tables import DEFAULT_PROJECT

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
"""What a project may be called; there is one as soon as someone acts for it."""
_SCOPE = "tuneboard.caller"


@dataclass(frozen=True)
class Caller:
    """On whose behalf a request is made. The operator acts for every project, one at a time."""

    project: str = DEFAULT_PROJECT
    operator: bool = False


def enter(scope: Scope, caller: Caller) -> None:
    """Note on whose behalf a request is made."""
    scope[_SCOPE] = caller


def project_of(request: Request) -> str:
    """Return the project on whose behalf a request is made."""
    return _caller(request).project


def need_operator(request: Request) -> None:
    """Refuse a request that only the operator may make, as OpenAI refuses a key that is no admin's."""
    if not _caller(request).operator:
        message = "You have insufficient permissions for this operation: it takes the operator's API key."
        raise ApiError(403, message, code="insufficient_permissions")


def _caller(request: Request) -> Caller:
    return request.scope.get(_SCOPE, Caller())
