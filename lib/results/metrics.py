"""One metric table, whatever the source. (interfaces)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

METRICS = (
    "step",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "full_valid_loss",
    "full_valid_accuracy",
)


def parse_result_file(data: bytes, name: str = "") -> pd.DataFrame:
    """Return the metrics of a result file, one row per step in order; remarks are `Note`s in `attrs["notes"]`."""
    raise NotImplementedError


def from_events(events: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the metrics that a job's events carry (flat, or under `data`), as `parse_result_file` does."""
    raise NotImplementedError


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return the table exactly, as UTF-8 CSV that a spreadsheet can open without running anything."""
    raise NotImplementedError
