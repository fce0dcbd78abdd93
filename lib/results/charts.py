"""Metric tables -> Altair charts. (interfaces)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import altair as alt
import pandas as pd

Metric = Literal["loss", "accuracy"]


def available(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return which of "loss", "accuracy", "classification" there is anything to draw of."""
    raise NotImplementedError


def curves(
    frames: Mapping[str, pd.DataFrame], metric: Metric, smoothing: float = 0.0, log: bool = False
) -> alt.LayerChart:
    """Draw train and validation curves of one or more jobs (label -> table); smoothing is 0 to 0.99."""
    raise NotImplementedError


def classification(frames: Mapping[str, pd.DataFrame], smoothing: float = 0.0) -> alt.LayerChart:
    """Draw the classification columns (accuracy, precision, recall, F1...) of one or more jobs."""
    raise NotImplementedError
