"""Files that belong to another page: result files of a job, and listings of jobs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from lib.datasets.errors import JobListing, ResultFile

LOSSES = {
    "train_loss",
    "training_loss",
    "valid_loss",
    "validation_loss",
    "full_valid_loss",
    "train_mean_reward",
    "full_valid_mean_reward",
}
JOB_IDS = re.compile(r"(ft-|ftjob-|ftevent-)\w+")
JOB_KEYS = {"fine_tuned_model", "hyperparams", "hyperparameters", "training_file", "training_files", "trained_tokens"}


def refuse_other_files(columns: Iterable[str], first_row: Sequence[object], name: str) -> None:
    """Raise if the columns are those of a result file or of a listing of jobs."""
    named = {column.strip().lower() for column in columns}
    if "step" in named and named & LOSSES:
        raise ResultFile(file=name)
    is_job = any(isinstance(cell, str) and JOB_IDS.fullmatch(cell) for cell in first_row)
    if is_job and ("object" in named or len(named & JOB_KEYS) >= 2):
        raise JobListing(file=name)


def refuse_wrapped_results(data: bytes, name: str) -> None:
    """Raise if the bytes are a result file in base64, as OpenAI serves it."""
    head = b"".join(data[:4096].split())[:400]
    head = head[: len(head) // 4 * 4]
    try:
        text = base64.b64decode(head, validate=True).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return
    refuse_other_files(text.split("\n", 1)[0].split(","), [], name)
