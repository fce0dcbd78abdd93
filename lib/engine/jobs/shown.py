"""A job as it is shown: OpenAI's object, every field present, with what only this engine knows under `tuneboard`.

Promises a status that any OpenAI client knows: a paused job is `queued` for them. Other clients skip `tuneboard`.
"""

from __future__ import annotations

from typing import Any

from lib.engine.queue.forecast import Outlook
from lib.engine.tables import JobRow

ORGANIZATION = "org-tuneboard"


def job_object(row: JobRow, outlook: Outlook) -> dict[str, Any]:
    """Return OpenAI's job object. The end of a waiting job is forecast too; OpenAI tells that of a running one only."""
    return {
        "object": "fine_tuning.job",
        "id": row.id,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "model": row.model,
        "fine_tuned_model": row.fine_tuned_model,
        "organization_id": ORGANIZATION,
        "status": "queued" if row.paused else row.status,
        "error": row.error,
        "training_file": row.training_file,
        "validation_file": row.validation_file,
        "result_files": [row.result_file] if row.result_file else [],
        "trained_tokens": row.trained_tokens,
        "estimated_finish": outlook.finishes_at,
        "hyperparameters": row.hyperparameters,
        "method": {"type": row.method, row.method: {"hyperparameters": row.hyperparameters}},
        "seed": row.seed,
        "user_provided_suffix": row.suffix,
        "metadata": row.meta,
        "integrations": row.integrations,
        "usage_metrics": None,
        "shared_with_openai": False,
        "tuneboard": {
            "state": outlook.state,
            "position": outlook.position,
            "ahead": outlook.ahead,
            "starts_at": outlook.starts_at,
            "reason": outlook.reason,
            "priority": row.priority,
        },
    }
