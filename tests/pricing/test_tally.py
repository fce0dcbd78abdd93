"""Percentiles, bars and rows over the limit are those of the lengths themselves."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.pricing.tally import TokenCount


def of(*sizes: int) -> TokenCount:
    return TokenCount(prompt=sum(sizes), per_example=array("I", sizes))


def test_percentiles_are_lengths_that_occur() -> None:
    assert of(*range(1, 101)).percentiles() == [50, 90, 99]
    assert of(5).percentiles() == [5, 5, 5]
    assert of().percentiles() == [0, 0, 0]
    assert of(1, 2, 3).percentiles((0.0, 1.0)) == [1, 3]


def test_a_limit_cuts_examples_and_counts_those_it_cuts() -> None:
    assert of(3, 10, 4, 11).over(9) == 2
    assert of(3, 10).within(5) == 8
    assert of(3, 10).within(None) == 13


def test_bars_are_round_and_reach_the_limit() -> None:
    bars = of(3, 4, 99).bins(most=10, limit=180)
    assert [bar.high - bar.low for bar in bars] == [20] * len(bars)
    assert (bars[0].examples, bars[4].examples, bars[-1].low) == (2, 1, 180)
    assert of().bins() == []


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=50), st.integers(1, 60), st.integers(0, 300_000))
def test_every_example_stands_in_one_bar(sizes: list[int], most: int, limit: int) -> None:
    bars = of(*sizes).bins(most, limit)
    assert len(bars) <= most
    assert sum(bar.examples for bar in bars) == len(sizes)
    for bar in bars:
        assert bar.examples == sum(bar.low <= size < bar.high for size in sizes)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_percentile_is_not_exceeded_by_its_share(sizes: list[int], share: float) -> None:
    found = of(*sizes).percentiles([share])[0]
    assert sum(size <= found for size in sizes) >= share * len(sizes) - 1e-9
    assert found in sizes


def test_merging_keeps_the_order_of_the_pieces() -> None:
    merged = of(1, 2).merge(of(3))
    assert list(merged.per_example) == [1, 2, 3]
    assert merged.total == 6


@pytest.mark.parametrize("first", ["", "o200k_base"])
def test_a_merged_count_knows_what_counted(first: str) -> None:
    assert TokenCount(tokenizer=first).merge(TokenCount(tokenizer="o200k_base")).tokenizer == "o200k_base"
