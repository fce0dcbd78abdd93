"""Which examples are almost the same, from their sketches: (examples, 2, BINS), what is asked and what is answered.

Two are almost the same when both halves are: at least `ALIKE` of their bins agree. What many examples share says
nothing (an instruction that stands in front of every question, an answer that is one of five labels); what that
leaves must be alike as well, so a file made from a template is not called the same from end to end. Where one half
tells enough by itself, `LIKELY` will do for the other: in a question of fifteen characters one is a quarter of all
runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.datasets.rules.equal import standing_over
from lib.datasets.rules.sketches import BINS, Sketches

ALIKE = 0.6
"""Share of the runs of four characters that must agree. One Chinese character in twenty may differ (each is part of
four runs), or one English word in twelve."""
LIKELY = 0.4
COMMON = 0.3
AT_LEAST = 5
"""A passage that stands in more than 30% of the examples, and in more than 5, is taken for a template."""
CROWD = 20
"""More examples than this that are like one another are made from a template too."""
TELLING = 8
"""Bins that must be left to judge by, in both halves together."""
EACH = 4
"""Bins in a band, 12 bands in each half. Two examples that agree in all bins of any band are worth a look: at the least
likeness that counts 96 of 100 such pairs get one, at a likeness of 0.7 all but two in 1,000."""
PIECE = 1 << 15
"""Pairs compared at a time."""

Marks = NDArray[np.bool_]
Pairs = NDArray[np.int64]
"""(pairs, 2) positions of examples, the earlier one first."""


def repeats(sketches: Sketches) -> dict[int, int]:
    """Return the position of each example that is almost the same as an earlier one, with the position of that one.

    Without them nothing more is found: what is left is compared again until that is so.
    """
    left = np.arange(len(sketches))
    gone: dict[int, int] = {}
    while more := _pass(sketches[left] if gone else sketches):
        gone |= {int(left[later]): int(left[first]) for later, first in more.items()}
        left = np.delete(left, list(more))
    return gone


def _pass(sketches: Sketches) -> dict[int, int]:
    """Compare what a look at the bands suggests; the first of each group stays."""
    if len(sketches) < 2:
        return {}
    own = informative(sketches)
    pairs = candidates(sketches, own)
    alike = pairs[compare(sketches, own, pairs)]
    alike = alike[np.lexsort((alike[:, 0], alike[:, 1]))]
    first_of: dict[int, int] = {}
    for earlier, later in alike.tolist():
        if earlier not in first_of:
            first_of.setdefault(later, earlier)
    sizes = np.bincount(list(first_of.values()), minlength=1)
    return {later: first for later, first in first_of.items() if sizes[first] < CROWD}


@dataclass(frozen=True)
class Own:
    """What examples have of their own, and not in common with many: small, where marks for all would be large."""

    values: NDArray[np.uint8]
    """(2, BINS, 256) each value of a bin, or 0 where it is common or empty."""
    often: Marks
    """(examples, 2) halves that are the very same in many examples, and so have nothing of their own."""

    def bands(self, sketches: Sketches) -> Iterator[NDArray[np.uint8]]:
        """Yield (examples, EACH) what the bins of each band hold of their own, 0 for nothing."""
        for half in range(2):
            columns = np.ascontiguousarray(sketches[:, half].T)
            often = np.flatnonzero(self.often[:, half])
            for start in range(0, BINS, EACH):
                places = range(start, start + EACH)
                band = np.stack([self.values[half, place].take(columns[place]) for place in places], axis=1)
                band[often] = 0
                yield band
            del columns, often  # before the other half is copied

    def marks(self, sketches: Sketches, examples: NDArray[np.int64]) -> Marks:
        """Return (n, 2, BINS) which bins of some examples hold something of their own."""
        halves, places = np.ogrid[:2, :BINS]
        marks: Marks = self.values[halves, places, sketches[examples]] > 0
        marks[self.often[examples]] = False
        return marks


def informative(sketches: Sketches) -> Own:
    """Return what is not common in this file.

    Halves that are the very same in several examples (labels, one and the same instruction) have nothing.
    """
    most = max(AT_LEAST, COMMON * len(sketches))
    values = np.tile(np.arange(256, dtype=np.uint8), (2, BINS, 1))
    for half, place in np.ndindex(2, BINS):
        values[half, place, np.bincount(sketches[:, half, place], minlength=256) > most] = 0
    return Own(values, np.stack([often(sketches[:, half]) for half in range(2)], axis=1))


def often(halves: Sketches) -> Marks:
    """Return (examples,) whether the very same half stands in more than `AT_LEAST` examples."""
    weights = np.random.default_rng(0).integers(1, 1 << 62, BINS // 8, np.uint64) * np.uint64(2) + np.uint64(1)
    words = halves.view(np.uint64)
    hashed = np.zeros(len(halves), np.uint64)
    for place, weight in enumerate(weights):
        hashed = (hashed ^ words[:, place]) * weight
        hashed ^= hashed >> np.uint64(29)
    return standing_over(hashed, AT_LEAST)


def candidates(sketches: Sketches, own: Own) -> Pairs:
    """Return pairs that agree in a band: each example with the first in its bucket and with the one before it."""
    found = [np.zeros(0, np.int64)]
    for band in own.bands(sketches):
        some = np.flatnonzero(np.bitwise_count((band > 0).view(np.uint32)) >= EACH - 1)
        keys = band.view(np.uint32).ravel()[some].astype(np.uint64)
        packed = np.sort(keys << np.uint64(32) | some.astype(np.uint64))
        order = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
        same = np.flatnonzero(np.diff(packed >> np.uint64(32)) == 0) + 1
        begins = np.arange(len(order))
        begins[same] = 0
        firsts = np.maximum.accumulate(begins)[same]
        third = firsts < same - 1  # in a bucket of two, the first is the one before
        found.append(order[same - 1] * len(sketches) + order[same])
        found.append(order[firsts[third]] * len(sketches) + order[same[third]])
    numbers = np.concatenate(found)
    found.clear()
    numbers.sort()  # np.unique takes ten times as long
    new = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    numbers = numbers[new]
    pairs = np.empty((len(numbers), 2), np.int64)
    np.divmod(numbers, len(sketches), out=(pairs[:, 0], pairs[:, 1]))
    return pairs


def compare(sketches: Sketches, own: Own, pairs: Pairs) -> Marks:
    """Return (pairs,) whether the two are almost the same."""
    verdicts = np.zeros(len(pairs), np.bool_)
    for begin in range(0, len(pairs), PIECE):
        near = np.arange(begin, min(begin + PIECE, len(pairs)))
        for half in range(2):  # most pairs differ in the first already
            a, b = (sketches[which, half] for which in pairs[near].T)
            near = near[share(a == b, (a | b) > 0) >= LIKELY]
        first, later = pairs[near].T
        a, b = sketches[first], sketches[later]
        whole = share(a == b, (a | b) > 0)
        weight = own.marks(sketches, first) | own.marks(sketches, later)
        least = np.minimum(whole, share(a == b, weight))
        tells = count(weight) >= TELLING
        sure = tells & (least >= ALIKE)
        likely = np.where(tells, least, whole) >= LIKELY
        verdicts[near] = (sure & likely[:, ::-1]).any(axis=1)
    return verdicts


def share(agree: Marks, among: Marks) -> NDArray[np.float64]:
    """Return (pairs,) or (pairs, 2) the part of these bins that agree; 1 where there are none."""
    bins = count(among)
    return np.where(bins > 0, count(agree & among) / np.maximum(bins, 1), 1.0)


def count(marks: Marks) -> NDArray[np.int64]:
    """Return (pairs,) or (pairs, 2) how many bins are marked, eight of them at a time."""
    return np.bitwise_count(marks.view(np.uint64)).sum(axis=-1, dtype=np.int64)
