"""The lines a trainer writes for whoever started it: one JSON object per line in `events.jsonl`.

Promises that a line is on its way to the disk before the next one is begun, and that a resumed trainer appends. Knows
nothing about models; the texts are English, as OpenAI's are.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self


class TrainingProblem(Exception):
    """A reason why a job cannot be trained; becomes an `error` line with OpenAI's words for the code."""

    def __init__(self, message: str, *, code: str = "invalid_training_file", param: str | None = None) -> None:
        super().__init__(message)
        self.message, self.code, self.param = message, code, param


@dataclass(frozen=True)
class Metrics:
    """What one training step, or an evaluation after it, has shown. `None` means "not measured at this step"."""

    step: int
    total_steps: int
    epoch: int
    train_loss: float
    train_mean_token_accuracy: float
    valid_loss: float | None
    valid_mean_token_accuracy: float | None
    full_valid_loss: float | None
    full_valid_mean_token_accuracy: float | None
    tokens: int
    seconds: float


class Reporter:
    """Append event lines to a file. A context manager: leaving it closes the file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, kind: str, **fields: Any) -> None:
        line = {"kind": kind, "at": time.time(), **fields}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def message(self, text: str, level: Literal["info", "warn", "error"] = "info") -> None:
        """Tell the reader of the job's event log something in a sentence."""
        self._write("message", level=level, message=text)

    def resolved(self, **facts: Any) -> None:
        """Tell what "auto" came to, and the size of the work."""
        self._write("resolved", **facts)

    def metrics(self, metrics: Metrics) -> None:
        """Tell the figures of one step."""
        self._write("metrics", **asdict(metrics))

    def flush(self) -> None:
        """Return when every line is on the disk itself, safe from a power cut."""
        os.fsync(self._file.fileno())

    def checkpoint(self, path: Path, metrics: Metrics) -> None:
        """Tell that the checkpoint of the step with these metrics is complete on disk. Telling it twice is harmless."""
        self._write("checkpoint", step=metrics.step, epoch=metrics.epoch, path=str(path), metrics=asdict(metrics))

    def done(self, **facts: Any) -> None:
        """Tell that the finished model is in its place."""
        self._write("done", **facts)

    def error(self, problem: TrainingProblem) -> None:
        """Tell why the job ends here."""
        self._write("error", code=problem.code, message=problem.message, param=problem.param)
