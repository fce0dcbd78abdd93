"""The band of a sampled estimate holds the exact count as often as it says."""

# ruff: noqa: S311 - samples, not secrets

from __future__ import annotations

import json
import random
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.pricing.sampled import TokenRange, from_sample
from lib.pricing.tally import TokenCount
from lib.pricing.tokens import count

PLACES = 16


def of(sizes: list[int]) -> TokenCount:
    return TokenCount(prompt=sum(sizes), per_example=array("I", sizes))


def sampled(sizes: list[int], part: float, start: random.Random) -> TokenRange:
    """Sample as the workbench does: stretches from places spread over the file; each token is a byte here."""
    stride = len(sizes) // PLACES
    length = max(1, int(stride * part))
    chosen: list[int] = []
    for place in range(PLACES):
        first = place * stride + start.randrange(max(1, stride - length))
        chosen += sizes[first : first + length]
    return from_sample(of(chosen), len(chosen) / len(sizes))


def even(rng: random.Random) -> list[int]:
    return [rng.randint(100, 500) for _ in range(4_000)]


def skewed(rng: random.Random) -> list[int]:
    return [int(rng.lognormvariate(5, 1)) for _ in range(4_000)]


def in_blocks(rng: random.Random) -> list[int]:
    means = [rng.choice([50, 800]) for _ in range(100)]
    return [rng.randint(mean // 2, mean * 3 // 2) for mean in means for _ in range(40)]


@pytest.mark.parametrize("shape", [even, skewed, in_blocks])
def test_the_true_figure_lies_in_the_band_95_times_of_100(shape: Callable[[random.Random], list[int]]) -> None:
    held = 0
    for seed in range(200):
        rng = random.Random(seed)
        sizes = shape(rng)
        band = sampled(sizes, 0.1, rng)
        held += band.low <= sum(sizes) <= band.high
    assert held >= 188


def test_a_sorted_file_is_no_surprise() -> None:
    sizes = list(range(1, 4_001))
    band = sampled(sizes, 0.1, random.Random(1))
    assert band.low <= sum(sizes) <= band.high


def test_a_larger_sample_knows_better() -> None:
    sizes = skewed(random.Random(3))
    assert sampled(sizes, 0.4, random.Random(1)).error < sampled(sizes, 0.05, random.Random(1)).error


def test_the_whole_file_has_no_band() -> None:
    assert from_sample(of([3, 4]), 1.0) == TokenRange(7, 7, 7)
    assert from_sample(of([]), 0.5) == TokenRange(0, 0, 0)
    assert from_sample(of([]), 1.0).error == 0


def test_one_row_says_little() -> None:
    band = from_sample(of([100]), 0.1)
    assert (band.likely, band.low, band.high) == (1000, 100, 10_000)


def test_a_real_file_lies_in_its_band(realdata: Path) -> None:
    lines = [
        line for line in (realdata / "geektime" / "prepared_data_prepared.jsonl").read_text("utf-8").split("\n") if line
    ]
    exact = count(map(json.loads, lines), "gpt-4.1-mini")
    for first in range(4):
        seen = lines[first::8]
        share = sum(len(line.encode()) for line in seen) / sum(len(line.encode()) for line in lines)
        band = from_sample(count(map(json.loads, seen), "gpt-4.1-mini"), share)
        assert band.low <= exact.total <= band.high
        assert band.error < 0.2
