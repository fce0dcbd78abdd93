"""Tokenizers that work without a network: tiktoken with the rank files in `data/encodings`, and tokenizer.json.

tiktoken fetches rank files unless it finds them in the folder named by TIKTOKEN_CACHE_DIR. The variable is set
only while an encoding is loaded, and an operator's own folder is used when it holds the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock

import tiktoken
from tokenizers import Tokenizer

from lib.config import ENCODINGS
from lib.pricing.errors import MissingRanks, UnreadableTokenizer

VARIABLE = "TIKTOKEN_CACHE_DIR"
RANKS = {
    "r50k_base": "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
    "p50k_base": "ec7223a39ce59f226a68acc30dc1af2788490e15",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
}
"""Encoding -> file; the name is the SHA-1 of the address tiktoken would fetch it from."""

_loading = Lock()


def hosted_counter(encoding: str) -> Callable[[Sequence[str]], list[int]]:
    """Return a function that counts the tokens of texts in a tiktoken encoding."""
    encode = load(encoding).encode_ordinary
    return lambda texts: [len(encode(text)) for text in texts]


def engine_counter(tokenizer: str | Path) -> Callable[[Sequence[str]], list[int]]:
    """Return a function that counts the tokens of texts: their characters, or by a tokenizer.json."""
    if tokenizer == "characters":
        return lambda texts: [len(text) for text in texts]
    encode = _tokenizer(Path(tokenizer)).encode
    return lambda texts: [len(encode(_sound(text), add_special_tokens=False).ids) for text in texts]


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


@lru_cache(maxsize=8)
def _tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as problem:  # the library raises bare Exception for whatever is wrong
        raise UnreadableTokenizer(file=path.name, detail=str(problem)) from problem


def _sound(text: str) -> str:
    """Return the text with lone surrogates replaced: the library takes valid Unicode only."""
    return text.encode("utf-8", "replace").decode("utf-8")
