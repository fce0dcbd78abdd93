"""Together: a protocol of its own for jobs. Flat fields, other words, times as text, events without ids, bare lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.fake_dialect import Dialect, Refusal
from tests.fake_service import Service

WORDS = {"succeeded": "completed", "failed": "error"}
FIELDS = frozenset(
    {
        *("model", "training_file", "validation_file", "n_epochs", "n_evals", "batch_size", "learning_rate"),
        *("suffix", "training_method", "training_type", "random_seed", "train_on_inputs"),
    }
)


class Together(Dialect):
    jobs = "fine-tunes"
    upload = "files/upload"
    verbs = ("cancel",)

    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        unknown = sorted(set(asked) - FIELDS)
        if unknown or not isinstance(asked.get("n_epochs", 1), int):
            raise Refusal(400, f"Invalid request: {unknown}")
        if asked.get("validation_file") and not asked.get("n_evals"):
            raise Refusal(400, "n_evals must be set when a validation file is given")

    def obey(self, job: dict[str, Any], verb: str) -> None:
        job["status"] = "cancel_requested"

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        shown = {name: value for name, value in job.items() if name not in {"fine_tuned_model", "result_files"}}
        if job["status"] == "cancel_requested":
            job["status"] = "cancelled"
        return shown | {
            "status": WORDS.get(shown["status"], shown["status"]),
            "created_at": _iso(job["created_at"]),
            "updated_at": _iso(job.get("finished_at", job["created_at"])),
            "model_output_name": f"ft:starter:{job['id']}",
            "token_count": 1234,
        }

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        told = {"created_at": _iso(event["created_at"]), "message": event["message"], "type": "epoch_complete"}
        return told | {"object": "fine-tune-event", "level": "info", "step": event.get("data", {}).get("step")}

    def models(self, models: list[dict[str, Any]]) -> Any:
        return models

    def metrics(self, service: Service) -> Any:
        return {
            "metrics": [
                {"timestamp": 1, "train/global_step": 1, "train/loss": 2.5},
                {"timestamp": 2, "train/global_step": 2, "train/loss": 2.0},
                {"timestamp": 3, "eval/global_step": 2, "eval/loss": 2.2},
            ]
        }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
