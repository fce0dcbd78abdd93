"""What a fake service may do otherwise than OpenAI: a `Dialect` is asked wherever services differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fake_service import Service


class NotThere(Exception):
    """A 404."""


class Refusal(Exception):
    """A no: the HTTP status, the message and the code."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Dialect:
    """How a service deviates from OpenAI's protocol: what it refuses to take, and how it shows what it holds."""

    jobs = "fine_tuning/jobs"
    upload = "files"
    verbs: tuple[str, ...] = ("cancel", "pause", "resume")
    table = b"step,train_loss\n1,2.5\n"
    """What a job that ended well leaves as its result file."""

    def take_file(self, data: bytes) -> None:
        """Refuse a training file."""

    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        """Refuse a job; `asked` is what will be kept of the request."""

    def take_question(self, asked: dict[str, Any]) -> None:
        """Refuse to answer."""

    def obey(self, job: dict[str, Any], verb: str) -> None:
        """Cancel, pause or resume a job."""
        job["status"] = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}[verb]

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        return job

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        return event

    def order(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return a job's events, which are kept newest first, in the order that the service lists them in."""
        return events

    def models(self, models: list[dict[str, Any]]) -> Any:
        return {"object": "list", "data": models, "has_more": False}

    def content(self, data: bytes) -> bytes:
        """Return a file as it is downloaded."""
        return data

    def metrics(self, service: Service) -> Any:
        """Answer at the address of a job's metrics."""
        raise NotThere
