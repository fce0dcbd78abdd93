"""The histogram draws the limit where it is near, and leaves it to words where it is far."""

from __future__ import annotations

from array import array

import pytest

from lib.pricing.tokens import TokenCount
from lib.ui.data.lengths import OVER, histogram

COUNT = TokenCount(prompt=300, completion=300, per_example=array("I", [100, 200, 300]))


@pytest.mark.parametrize(("limit", "layers"), [(250, 3), (500, 3), (10_000, 1), (None, 1)])
def test_the_limit_is_drawn_in_where_it_does_not_squeeze_the_bars(limit: int | None, layers: int) -> None:
    assert len(histogram(COUNT, limit).to_dict()["layer"]) == layers


def test_bars_beyond_the_limit_are_told_from_the_others() -> None:
    drawn = histogram(COUNT, 250).to_dict()
    rows = (
        next(iter(drawn["datasets"].values()))
        if len(drawn["datasets"]) == 1
        else max(drawn["datasets"].values(), key=len)
    )
    assert {row["low"]: row["over"] for row in rows}[300] is True
    assert not any(row["over"] for row in rows if row["high"] <= 250)
    assert OVER in str(drawn)
