"""Texts -> sketches of 48 bytes, whose likeness is that of the texts.

MinHash by one permutation (Li, Owen, Zhang: "One Permutation Hashing", 2012) over runs of four characters, so that it
needs no words and works for Chinese as for English: each run is hashed, the hash says into which of 48 bins it goes,
and each bin keeps the smallest. Two texts agree in as many bins as they share of their runs (Jaccard's likeness). A
byte of each minimum is kept; 0 is an empty bin. Case and the width of letters don't count.

Long texts are sampled, about four runs for each bin. Texts with fewer than `SHORT` runs have too little to compare:
their sketch is a hash of the whole, so that they are like nothing but themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

BINS = 48
RUN = 4
SHORT = 12
SAMPLED = 4 * BINS
WINDOW = 4_000
"""Characters of a text that are looked at."""

EMPTY = np.uint32(0xFFFFFFFF)

Units = NDArray[np.uint32]
Sketches = NDArray[np.uint8]
"""(texts, BINS)"""


def sketch(units: Units, starts: NDArray[np.int64], lengths: NDArray[np.int64], skip: NDArray[np.int64]) -> Sketches:
    """Return a sketch of each text.

    Args:
        units: (characters,) code points of all texts, one character between each text and the next.
        starts: (texts,) where each begins.
        lengths: (texts,) how long each is.
        skip: (texts,) characters at its beginning that are not looked at.
    """
    texts = len(starts)
    seen = np.minimum(lengths - skip, WINDOW)
    runs = np.maximum(seen - RUN + 1, 0)
    limits = np.zeros((texts, 3), np.uint32)
    limits[:, 1] = np.minimum(SAMPLED / np.maximum(runs, SAMPLED), 1) * 0xFFFFFFFE
    limits[runs < SHORT, 1] = 0
    spans = np.stack((skip, runs, np.diff(starts, append=len(units)) - skip - runs), axis=1)
    hashed = hash_runs(units)
    chosen = np.flatnonzero(hashed < np.repeat(limits.ravel(), spans.ravel())[: len(hashed)])
    values = hashed.take(chosen)
    counts = np.diff(np.searchsorted(chosen, starts), append=len(chosen))
    places = (values & 0xFFFF) * np.uint32(BINS) >> 16
    places += np.repeat(np.arange(texts, dtype=np.uint32) * np.uint32(BINS), counts)
    smallest = np.full(texts * BINS, EMPTY)
    np.minimum.at(smallest, places, values)
    kept = ((smallest * np.uint32(0x27D4EB2F) >> 24) * np.uint32(255) >> 8).astype(np.uint8) + np.uint8(1)
    kept[smallest == EMPTY] = 0
    return kept.reshape(texts, BINS)


def sketch_texts(texts: Sequence[str]) -> Sketches:
    """Return (texts, BINS) sketches; of long texts the beginning is looked at."""
    units = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.cumsum(lengths + 1) - lengths - 1
    sketches = sketch(units, starts, lengths, np.zeros_like(lengths))
    mark_short(sketches, texts, lengths)
    return sketches


def mark_short(sketches: Sketches, texts: Sequence[str], lengths: NDArray[np.int64]) -> None:
    """Give texts that are too short to compare a sketch that is like that of the same text only; empty ones none."""
    for index in np.flatnonzero(lengths < SHORT + RUN - 1).tolist():
        sketches[index] = np.frombuffer(whole_sketch(texts[index]), np.uint8)


@lru_cache(maxsize=4096)
def whole_sketch(text: str) -> bytes:
    """Return the sketch of a short text: a hash of it without spaces around and differences of case."""
    bare = text.strip().casefold()
    if not bare:
        return bytes(BINS)
    return blake2b(bare.encode("utf-8", "surrogatepass"), digest_size=BINS).digest().replace(b"\0", b"\1")


def hash_runs(units: Units) -> Units:
    """Return (characters - 3,) a hash of each four characters in a row."""
    single = hash_table().take(units)
    if len(single) < RUN:
        return single[:0]
    pairs = single[:-1] * np.uint32(0x9E3779B1)
    pairs ^= single[1:]
    runs = pairs[:-2] * np.uint32(0x85EBCA6B)
    runs ^= pairs[2:]
    runs ^= runs >> np.uint32(15)
    runs *= np.uint32(0xC2B2AE35)
    runs ^= runs >> np.uint32(16)
    return runs


@lru_cache(maxsize=1)
def hash_table() -> Units:
    """Return (1,114,112) a hash of each code point; letters that differ in case or width have the same one."""
    folded = np.arange(0x110000, dtype=np.uint32)
    for code in (*range(0x41, 0x590), *range(0xFF21, 0xFF3B)):
        lower = chr(code).lower()
        folded[code] = ord(lower) if len(lower) == 1 else code
    wide = np.arange(0xFF01, 0xFF5F)
    folded[wide] = folded[folded[wide] - np.uint32(0xFEE0)]
    folded ^= folded >> np.uint32(16)
    folded *= np.uint32(0x7FEB352D)
    folded ^= folded >> np.uint32(15)
    folded *= np.uint32(0x846CA68B)
    folded ^= folded >> np.uint32(16)
    return folded
