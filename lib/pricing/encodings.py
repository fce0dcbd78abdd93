"""Counting as hosted models do, without a network: tiktoken with the rank files in `data/encodings`.

Two of tiktoken's encodings are counted by rs-bpe, which brings its own ranks; the tests hold the two together.
tiktoken fetches rank files unless it finds them in the folder named by TIKTOKEN_CACHE_DIR. The variable is set
only while an encoding is loaded, and an operator's own folder is used when it holds the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import tiktoken

from lib.config import ENCODINGS
from lib.pricing.errors import MissingRanks

VARIABLE = "TIKTOKEN_CACHE_DIR"
RANKS = {
    "r50k_base": "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
    "p50k_base": "ec7223a39ce59f226a68acc30dc1af2788490e15",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
}
"""Encoding -> file; the name is the SHA-1 of the address tiktoken would fetch it from."""
QUICK = {"cl100k_base", "o200k_base"}
"""Encodings that rs-bpe counts."""

BatchCounter: TypeAlias = "Callable[[Sequence[str]], list[int]]"
"""Counts the tokens of each text."""

LONG = 500_000
"""Characters that tiktoken is given at a time."""
SAFE_CUT = re.compile("[a-z](?= )")
"""A letter before a space: in every encoding a token ends between them."""

_loading = Lock()


def hosted_counter(encoding: str) -> BatchCounter:
    """Return a function that counts the tokens of texts as tiktoken does, special tokens being text like any other."""
    one = _quick_counter(encoding) or _plain_counter(encoding)

    def count(texts: Sequence[str]) -> list[int]:
        known = {text: one(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]

    return count


def _quick_counter(encoding: str) -> Callable[[str], int] | None:
    """Return rs-bpe's counter: the same counts as tiktoken's in a third to a half of the time; None where it has none.

    It knows two encodings, needs no rank file, and its time and memory grow with the length of a text only.
    """
    if encoding not in QUICK:
        return None
    try:
        from rs_bpe.bpe import openai  # noqa: PLC0415 - takes 70 MB, which only who counts has to pay
    except ImportError:  # not built for every Python; tiktoken counts the same
        return None
    count = getattr(openai, encoding)().count
    return lambda text: _whole(count, text)


def _plain_counter(encoding: str) -> Callable[[str], int]:
    encode = load(encoding).encode_ordinary
    return lambda text: sum(len(encode(piece)) for piece in pieces(text))


def _whole(count: Callable[[str], int], text: str) -> int:
    try:
        return count(text)
    except UnicodeEncodeError:
        return count(sound(text))


def pieces(text: str) -> Iterator[str]:
    """Yield a text whole, or one of monstrous length in pieces, cut where a token ends anyway if there is such a place.

    tiktoken's pattern overflows its stack on 999,024 spaces in a row, and takes the process with it.
    """
    start = 0
    while len(text) - start > LONG:
        place = SAFE_CUT.search(text, start + LONG // 2, start + LONG)
        end = place.end() if place else start + LONG
        yield text[start:end]
        start = end
    yield text[start:]


@lru_cache
def load(encoding: str) -> tiktoken.Encoding:
    """Return a tiktoken encoding, loaded once, from disk only."""
    with _loading, _ranks_from(_folder(encoding)):
        return tiktoken.get_encoding(encoding)


def _folder(encoding: str) -> Path:
    folders = [Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else []
    for folder in [*folders, ENCODINGS]:
        if (folder / RANKS[encoding]).is_file():
            return folder
    raise MissingRanks(file=RANKS[encoding], encoding=encoding, folder=str(ENCODINGS))


@contextmanager
def _ranks_from(folder: Path) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def sound(text: str) -> str:
    """Return the text with lone surrogates replaced, as tiktoken does: the libraries take valid Unicode only."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
