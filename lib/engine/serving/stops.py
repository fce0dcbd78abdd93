"""Token ids to text that may be shown at once: whole characters, and no part of a stop string.

Two small machines that are fed in a row; neither knows a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BROKEN = "\ufffd"
PATIENCE = 8
"""Tokens to wait for the rest of a character; no character needs more, so what is still broken then stays so."""


class Detokenizer:
    """Turn token ids into text as they come.

    A token's text can depend on the ones before it (a space, the first bytes of a character), so each is decoded
    together with a few that are already shown, and only what that adds is returned.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer.backend_tokenizer  # the wrapper around it costs ten times the decoding itself
        self._shown: list[int] = []
        self._waiting: list[int] = []

    def feed(self, token: int) -> str:
        """Take a token; return the text that is now certain, often all of it, sometimes none."""
        self._waiting.append(token)
        before, both = self._decode(self._shown), self._decode(self._shown + self._waiting)
        if both.endswith(BROKEN) and len(self._waiting) < PATIENCE:
            return ""
        self._shown, self._waiting = self._waiting, []
        return both[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True)


class StopHolder:
    """Hold text back while it may be the beginning of a stop string; cut at the first that is complete."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Take text; return what can be shown. Sets `stopped` when a stop string has been met."""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        keep = self._beginning()
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def flush(self) -> str:
        """Return what is still held: the answer ended, so it was no stop string after all."""
        shown, self._held = self._held, ""
        return shown

    def _beginning(self) -> int:
        """Return the length of the longest end of the held text that begins some stop string."""
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-size:]) for stop in self._stops):
                return size
        return 0
