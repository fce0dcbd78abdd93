"""Which of many hashes are the same. `numpy.unique` tells too, but loads 20 ms of numpy and sorts what needs none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distinct(values: NDArray[np.uint64]) -> bool:
    """Say whether no value stands twice."""
    ordered = np.sort(values)
    return bool((ordered[1:] != ordered[:-1]).all())


def firsts(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return (values,) the position at which each value stands first."""
    places = np.arange(len(values))
    if not distinct(values):
        order = np.argsort(values, kind="stable")
        begins = np.zeros_like(places)
        begins[1:] = np.where(np.diff(values[order]) > 0, places[1:], 0)
        places[order] = order[np.maximum.accumulate(begins)]
    return places


def standing_over(values: NDArray[np.uint64], times: int) -> NDArray[np.bool_]:
    """Return (values,) whether a value stands more than so many times."""
    ordered = np.sort(values)
    many = ordered[times:][ordered[times:] == ordered[: len(ordered) - min(times, len(ordered))]]
    if not len(many):
        return np.zeros(len(values), np.bool_)
    marks: NDArray[np.bool_] = many.take(np.searchsorted(many, values), mode="clip") == values
    return marks
