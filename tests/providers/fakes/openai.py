"""OpenAI: result files in base64, a pause that takes its time, accounts that may not train, cold models."""

from __future__ import annotations

import base64
from typing import Any

from tests.fake_dialect import Dialect, Refusal
from tests.fake_service import Service

WITHDRAWN = "OpenAI is winding down the fine-tuning platform and your organization can no longer create jobs."


class OpenAI(Dialect):
    def __init__(self) -> None:
        self.withdrawn = False
        self.looks = 0
        """Since a pause was asked for; its answer is the first."""
        self.cold: list[Refusal] = []
        """What the next questions are refused with."""

    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        if self.withdrawn:
            raise Refusal(403, WITHDRAWN, "training_not_available")
        if "hyperparameters" in asked:
            raise Refusal(400, "Only one of 'method' or 'hyperparameters' must be provided")

    def obey(self, job: dict[str, Any], verb: str) -> None:
        super().obey(job, verb)
        if verb == "pause":
            job["status"] = "pausing"

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        shown = dict(job)
        if job["status"] == "pausing":
            self.looks += 1
            job["status"] = "pausing" if self.looks < 2 else "paused"
        return shown

    def content(self, data: bytes) -> bytes:
        return base64.encodebytes(data)

    def take_question(self, asked: dict[str, Any]) -> None:
        if self.cold:
            raise self.cold.pop(0)
