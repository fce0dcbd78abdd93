"""Which of many hashes are the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.rules.equal import distinct, firsts, standing_over

VALUES = st.lists(st.sampled_from([0, 1, 2, 3, 2**64 - 1]) | st.integers(0, 2**64 - 1))


@given(VALUES)
def test_each_value_is_known_by_where_it_stands_first(values: list[int]) -> None:
    assert firsts(np.array(values, np.uint64)).tolist() == [values.index(value) for value in values]
    assert distinct(np.array(values, np.uint64)) == (len(set(values)) == len(values))


@given(VALUES, st.integers(1, 3))
def test_values_that_stand_more_often_are_marked(values: list[int], times: int) -> None:
    counted = Counter(values)
    assert standing_over(np.array(values, np.uint64), times).tolist() == [counted[value] > times for value in values]
