"""Whose request it is. The door says it, every route asks it, and no route shows one project what another owns."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope

from lib.engine.tables import DEFAULT_PROJECT

_SCOPE = "tuneboard.project"


def enter(scope: Scope, project: str) -> None:
    """Note on whose behalf a request is made."""
    scope[_SCOPE] = project


def project_of(request: Request) -> str:
    """Return the project on whose behalf a request is made."""
    return str(request.scope.get(_SCOPE, DEFAULT_PROJECT))
