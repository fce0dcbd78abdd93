"""Azure OpenAI: words of its own, nulls for lists, files with a byte order mark, -1 for what is missing."""

from __future__ import annotations

import codecs
from typing import Any

from tests.fake_dialect import Dialect, Refusal
from tests.fake_service import Service

WORDS = {"queued": "pending", "validating_files": "notRunning"}


class Azure(Dialect):
    table = (
        b"step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy\n"
        b"1,2.5,0.4,-1,-1\n"
        b"2,2.0,0.5,2.2,0.6\n"
    )

    def take_file(self, data: bytes) -> None:
        if not data.startswith(codecs.BOM_UTF8):
            raise Refusal(400, "The file must be encoded in UTF-8 with a byte order mark.", "invalidPayload")

    def take_job(self, service: Service, asked: dict[str, Any]) -> None:
        if "trainingType" not in asked:
            raise Refusal(400, "The specified base model does not support fine-tuning.", "invalidPayload")
        suffix = asked.get("suffix", "")
        if "." in suffix or len(suffix) > 18:
            raise Refusal(400, "The suffix is not valid.", "invalidPayload")

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        ended = job["status"] == "succeeded"
        files = job["result_files"] if ended else None
        status = WORDS.get(job["status"], job["status"])
        return job | {"status": status, "organization_id": None, "result_files": files}
