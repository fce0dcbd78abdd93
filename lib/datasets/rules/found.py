"""Rows marked by numpy -> what a finding names."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from lib.datasets.rules.base import LINES_NAMED, Found


def found_at(rows: array[int], lines: array[int], marked: NDArray[np.bool_]) -> Found:
    """Return the marked ones of these rows (both are arrays of "Q"), and the first of their lines."""
    numbers = np.frombuffer(rows, np.uint64)[marked]
    named = np.frombuffer(lines, np.uint64)[marked][:LINES_NAMED]
    return Found(array("Q", numbers.tobytes()), named.tolist())
