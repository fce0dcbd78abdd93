"""Everything that is asked of a backend, in one place. Every function raises only errors of `lib.providers.errors`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.errors import TuneboardError
from lib.providers.connections import Connection
from lib.providers.normalise import EventSnapshot, JobSnapshot, RemoteModel


@dataclass(frozen=True)
class Health:
    """What a connection test found."""

    reachable: bool
    key_accepted: bool | None
    models: int
    seconds: float
    error: TuneboardError | None = None

    @property
    def ok(self) -> bool:
        """Return whether work can be sent there."""
        return self.error is None


def check(connection: Connection) -> Health:
    """Ask the backend for its models and say what came of it. Never raises."""
    raise NotImplementedError


def models(connection: Connection) -> list[RemoteModel]:
    """Return the models the backend offers."""
    raise NotImplementedError


def upload_file(connection: Connection, name: str, data: bytes, purpose: str = "fine-tune") -> str:
    """Upload a file and return its id."""
    raise NotImplementedError


def find_file(connection: Connection, name: str, size: int | None = None) -> str | None:
    """Return the id of the file with this name (and size), or None."""
    raise NotImplementedError


def create_job(connection: Connection, request: dict[str, Any], launch_id: str) -> JobSnapshot:
    """Create a fine-tuning job. The caller makes sure that it happens once."""
    raise NotImplementedError


def find_job(connection: Connection, launch_id: str) -> JobSnapshot | None:
    """Return the job whose metadata carries this launch id, or None."""
    raise NotImplementedError


def job(connection: Connection, id: str) -> JobSnapshot:
    """Return a job as it is now."""
    raise NotImplementedError


def events(connection: Connection, id: str, after: str | None = None) -> list[EventSnapshot]:
    """Return the events of a job, oldest first."""
    raise NotImplementedError


def cancel_job(connection: Connection, id: str) -> JobSnapshot:
    """Ask the backend to cancel a job."""
    raise NotImplementedError


def file_content(connection: Connection, id: str) -> bytes:
    """Return the bytes of a file as the backend sends them."""
    raise NotImplementedError


def delete_model(connection: Connection, id: str) -> None:
    """Delete a tuned model."""
    raise NotImplementedError
