"""The embedded engine: a process of ours that is started, watched, restarted and stopped with the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr


class EngineStatus(StrEnum):
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    DOWN = "down"


@dataclass(frozen=True)
class EngineState:
    """How the embedded engine is. `since` is a time, `detail` the last words of a process that died."""

    status: EngineStatus
    since: float
    restarts: int
    detail: str = ""


class EmbeddedEngine:
    """Owns the process and the thread that watches it."""

    def start(self) -> None:
        """Start the engine and the thread that keeps it alive; return at once."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop the engine for good; return when it is gone."""
        raise NotImplementedError

    def endpoint(self) -> tuple[str, SecretStr] | None:
        """Return base URL and key, or None while it isn't ready."""
        raise NotImplementedError

    def state(self) -> EngineState:
        """Return how it is."""
        raise NotImplementedError


def start_embedded() -> EmbeddedEngine:
    """Start the one engine of this process."""
    raise NotImplementedError


def stop_embedded() -> None:
    """Stop it; nothing happens if there is none."""
    raise NotImplementedError


def embedded() -> EmbeddedEngine | None:
    """Return the engine of this process; None if it runs elsewhere or wasn't started."""
    raise NotImplementedError
