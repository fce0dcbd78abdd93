"""Crusoe: pages of events in no order, a model that appears after the end, metrics at an address of their own."""

from __future__ import annotations

import random
from typing import Any

from tests.fake_dialect import Dialect
from tests.fake_service import Service

LOOKS = 3
"""How often a job is looked at before its model is there."""


class Crusoe(Dialect):
    verbs = ("cancel",)

    def __init__(self) -> None:
        self.looked = 0

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        if job["status"] != "succeeded":
            return job
        self.looked += 1
        return job if self.looked > LOOKS else job | {"fine_tuned_model": None}

    def order(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return random.Random(3).sample(events, len(events))  # noqa: S311

    def metrics(self, service: Service) -> Any:
        return {"metrics": [{"metric_name": "ev_loss", "data": [{"value": 2.5}, {"value": 2.0}]}]}
