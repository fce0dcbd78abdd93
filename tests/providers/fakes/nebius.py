"""Nebius: hyperparameters at the top and in their own units, weights as result files, metrics with the checkpoints."""

from __future__ import annotations

from typing import Any

from tests.fake_dialect import Dialect, Refusal
from tests.fake_service import Service

KNOWN = frozenset({"n_epochs", "batch_size", "learning_rate", "lora", "lora_r", "lora_alpha", "lora_dropout"})


class Nebius(Dialect):
    verbs = ("cancel",)
    table = b"\x00weights, not a table"

    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        if "method" in asked and "hyperparameters" in asked:
            raise Refusal(400, "Only one of 'method' or 'hyperparameters' must be provided")
        knobs = asked.get("hyperparameters", {})
        unknown = [name for name, value in knobs.items() if name not in KNOWN or value == "auto"]
        if "method" in asked or unknown:
            raise Refusal(422, f"Input should be a valid number: {unknown}")
        if not 1e-6 < knobs.get("learning_rate", 1e-5) < 1e-3:
            raise Refusal(422, "learning_rate is out of range")
        asked.pop("metadata", None)

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        return job | {"trained_steps": 2, "total_steps": 2}
