"""A tokenizer's tokens as bytes: for telling them, and for knowing which of them may come next in a JSON text.

Both come from llguidance's reading of the tokenizer, made when it is first needed: it takes milliseconds for the
starter and about a second for a vocabulary of 150,000. Of a tokenizer that it cannot read (one that loses spaces, as
WordPiece does) the tokens are told as the text they decode to, and answers cannot be held to a form.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from llguidance import LLTokenizer

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Request

JSON_CHARACTERS = frozenset('{}[]":,-.0123456789\\abcdefghijklmnopqrstuvwxyz')


class Vocabulary:
    """The tokens of one model."""

    def __init__(self, loaded: Loaded) -> None:
        self._tokenizer = loaded.tokenizer
        self._ends = sorted(loaded.ends)
        self.size = max(len(loaded.tokenizer), loaded.model.config.get_text_config().vocab_size)

    @cached_property
    def readable(self) -> LLTokenizer | None:
        """Return llguidance's view of the tokens, None where it has none."""
        try:
            return LLTokenizer(_plain(self._tokenizer), n_vocab=self.size, eos_token=self._ends)
        except ValueError:
            return None

    @cached_property
    def writes_json(self) -> bool:
        """Tell whether every character that JSON's own words are made of can be written."""
        if self.readable is None:
            return False
        alone = {self.readable.decode_bytes([token]) for token in range(self.size)}
        return all(character.encode() in alone for character in JSON_CHARACTERS)

    def bytes_of(self, token: int) -> list[int]:
        """Return the bytes that a token stands for: part of a character, or several characters."""
        if self.readable is not None:
            return list(self.readable.decode_bytes([token]))
        return list(self._tokenizer.decode([token]).encode())


def _plain(tokenizer: Any) -> str:
    """Return a tokenizer's JSON without what only concerns whole texts.

    With `add_prefix_space`, llguidance 1.9.1 panics ("range start index ... out of range") as soon as a token such as
    ` {"` exists; which bytes a token stands for does not depend on it.
    """
    settings = json.loads(tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
    before = settings["pre_tokenizer"] or {}
    for step in [before, *before.get("pretokenizers", [])]:
        if "add_prefix_space" in step:
            step["add_prefix_space"] = False
    return json.dumps(settings)


_known: WeakKeyDictionary[Any, Vocabulary] = WeakKeyDictionary()


def vocabulary(loaded: Loaded) -> Vocabulary:
    """Return a model's vocabulary, made once for as long as its tokenizer is held."""
    known = _known.get(loaded.tokenizer)
    if known is None:
        known = _known[loaded.tokenizer] = Vocabulary(loaded)
    return known


def has_words(loaded: Loaded, request: Request) -> bool:
    """Tell whether all is at hand that a request needs to know of the tokens: reading them would hold others up."""
    if request.logprobs is None and request.response_format is None and not request.tools:
        return True
    return "writes_json" in vars(vocabulary(loaded))


def read_words(loaded: Loaded, request: Request) -> Loaded:
    """Read the tokens, if the request needs them; return the model."""
    if not has_words(loaded, request):
        _ = vocabulary(loaded).writes_json
    return loaded
