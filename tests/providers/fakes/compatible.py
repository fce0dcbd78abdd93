"""A server of somebody's own, such as Unsloth Studio: one job at a time, no metadata, no result files, no pause."""

from __future__ import annotations

from typing import Any

from tests.fake_dialect import Dialect, NotThere, Refusal
from tests.fake_service import Service

AT_WORK = frozenset({"queued", "running"})


class Compatible(Dialect):
    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        if any(job["status"] in AT_WORK for job in service.jobs):
            raise Refusal(409, "A training job is already running.")
        asked.pop("metadata", None)

    def obey(self, job: dict[str, Any], verb: str) -> None:
        if verb != "cancel":
            raise Refusal(400, "Jobs can't be paused here.")
        super().obey(job, verb)

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        return job | {"result_files": []}

    def content(self, data: bytes) -> bytes:
        raise NotThere
