"""The band of a sampled estimate holds the exact count as often as it says."""

# ruff: noqa: S311 - samples, not secrets

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from lib.pricing.sampled import TokenRange, from_sample
from lib.pricing.tally import TokenCount
from lib.pricing.tokens import count

PLACES = 16


def of(sizes: list[int]) -> TokenCount:
    return TokenCount(prompt=sum(sizes), per_example=array("I", sizes))


def sampled(sizes: list[int], part: float, start: Random) -> TokenRange:
    """Sample as the workbench does: stretches from places spread over the file; each token is a byte here."""
    stride = len(sizes) // PLACES
    length = max(1, int(stride * part))
    chosen: list[int] = []
    for place in range(PLACES):
        first = place * stride + start.randrange(max(1, stride - length))
        chosen += sizes[first : first + length]
    return from_sample(of(chosen), len(chosen) / len(sizes))


def even(rng: Random) -> list[int]:
    return [rng.randint(100, 500) for _ in range(4_000)]


def skewed(rng: Random) -> list[int]:
    return [int(rng.lognormvariate(5, 1)) for _ in range(4_000)]


def in_blocks(rng: Random) -> list[int]:
    means = [rng.choice([50, 800]) for _ in range(100)]
    return [rng.randint(mean // 2, mean * 3 // 2) for mean in means for _ in range(40)]


@pytest.mark.parametrize("shape", [even, skewed, in_blocks])
def test_the_true_figure_lies_in_the_band_95_times_of_100(shape: Callable[[Random], list[int]]) -> None:
    held = 0
    for seed in range(200):
        rng = Random(seed)
        sizes = shape(rng)
        band = sampled(sizes, 0.1, rng)
        held += band.low <= sum(sizes) <= band.high
    assert held >= 188


def test_a_sorted_file_is_no_surprise() -> None:
    sizes = list(range(1, 4_001))
    band = sampled(sizes, 0.1, Random(1))
    assert band.low <= sum(sizes) <= band.high


def test_a_larger_sample_knows_better() -> None:
    sizes = skewed(Random(3))
    assert sampled(sizes, 0.4, Random(1)).error < sampled(sizes, 0.05, Random(1)).error


def test_the_whole_file_has_no_band() -> None:
    assert from_sample(of([3, 4]), 1.0) == TokenRange(7, 7, 7)
    assert from_sample(of([]), 0.5) == TokenRange(0, 0, 0)
    assert from_sample(of([]), 1.0).error == 0


def test_one_row_says_little() -> None:
    band = from_sample(of([100]), 0.1)
    assert (band.likely, band.low, band.high) == (1000, 100, 10_000)


FILES = [
    "chat/distilling_sarcasm_qa.jsonl",
    "geektime/prepared_data_prepared.jsonl",
    "instruct/llamafactory_v1_sft_demo.jsonl",
]


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_lies_in_its_band(name: str, realdata: Path) -> None:
    text = (realdata / name).read_text("utf-8")
    lines = [line for line in text.split("\n") if line]
    exact = count([{"prompt": line, "completion": ""} for line in lines], "gpt-4.1-mini")
    weights = [len(line.encode()) for line in lines]
    held = 0
    for seed in range(20):
        rng, stride = Random(seed), len(lines) // PLACES
        starts = [place * stride + rng.randrange(stride - 2) for place in range(PLACES)]
        seen = [row for start in starts for row in range(start, start + 3)]
        sizes = [exact.per_example[row] for row in seen]
        band = from_sample(of(sizes), sum(weights[row] for row in seen) / sum(weights))
        held += band.low <= exact.total <= band.high
    assert held >= 19
