"""Where a service keeps the metrics of a job that has ended."""

from __future__ import annotations

from enum import StrEnum


class Results(StrEnum):
    """`FILES`: in its result files. `METRICS`: at an address of the job's own. `CHECKPOINTS`: with its checkpoints."""

    FILES = "files"
    METRICS = "metrics"
    CHECKPOINTS = "checkpoints"
