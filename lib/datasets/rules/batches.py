"""Many texts as one array of characters, so that rules can look at every character at the speed of numpy.

A rule gathers examples until they hold `SIZE` characters and looks at them together. What it finds in an example must
not depend on which others it was gathered with: files are looked at in pieces of any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lib.datasets.rules.base import Context, Rule, View
from lib.datasets.rules.character_classes import class_table
from lib.datasets.rules.texts import more_texts

SIZE = 1 << 17
"""Characters gathered before they are looked at: few enough for the processor's cache, enough to make calls cheap."""
LARGE = 1 << 20
"""Characters from which on an example is looked at by itself, without an array of all of them."""
SEEN = 4_000
"""Characters of a large text that are looked at where a part will do: the end of what is asked, the beginning of what
is answered."""


def units_of(text: str) -> NDArray[np.uint32]:
    """Return (characters,) the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def holds(text: str, marks: int) -> bool:
    """Say whether a text of any size has a character with any of these marks of `character_classes`."""
    pieces = (text[at : at + SIZE] for at in range(0, len(text), SIZE))
    return any((class_table().take(units_of(piece)) & np.uint8(marks)).any() for piece in pieces)


class Batch:
    """Examples, two texts for each (what is asked, all the rest), and all of their characters in one array."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views
        self.texts: list[str] = []
        for view in views:
            more = more_texts(view)
            self.texts += (view.prompt, "\n".join([view.completion, *more]) if more else view.completion)
        whole = "\n".join(self.texts) + "\n"
        self.units = units_of(whole)
        """(characters,) code points; a line end follows each text."""
        self.lengths: NDArray[np.int64] = np.fromiter(map(len, self.texts), np.int64, len(self.texts))
        self.starts: NDArray[np.int64] = np.cumsum(self.lengths + 1) - self.lengths - 1
        """(2 * examples,) where each text begins."""

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """(characters,) what each character is, in the bits of `character_classes`."""
        return class_table().take(self.units)

    def counts(self, wanted: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """Return (2 * examples,) how many of the wanted characters each text has."""
        return np.add.reduceat(wanted.view(np.uint8), self.starts, dtype=np.uint32)

    def holding(self, wanted: NDArray[np.bool_]) -> list[View]:
        """Return the examples that have any of the wanted characters; `wanted` may be shorter at its end."""
        if not wanted.any():
            return []
        at = (np.searchsorted(self.starts, np.flatnonzero(wanted), side="right") - 1) // 2
        return [self.views[index] for index in at[np.diff(at, prepend=-1) > 0].tolist()]


def batches_of(views: Iterable[View]) -> Iterator[Batch | View]:
    """Yield examples as batches, in order; one that is too large for a batch is yielded as it is."""
    gathered: list[View] = []
    size = 0
    for view in views:
        characters = len(view.prompt) + len(view.completion) + 2
        if characters < LARGE:
            gathered.append(view)
            size += characters
        if gathered and (size >= SIZE or characters >= LARGE):
            yield Batch(gathered)
            gathered, size = [], 0
        if characters >= LARGE:
            yield view
    if gathered:
        yield Batch(gathered)


class BatchRule(Rule):
    """A rule that looks at many examples at once. Subclasses write `examine` and `take`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._views: list[View] = []
        self._size = 0

    def look(self, view: View) -> None:
        """Gather one example. Whoever has many, and several rules, makes the batches once and lets each `see` them."""
        self._views.append(view)
        self._size += len(view.prompt) + len(view.completion)
        if self._size >= SIZE:
            self.flush()

    def flush(self) -> None:
        """Look at what was gathered."""
        views, self._views, self._size = self._views, [], 0
        for found in batches_of(views):
            self.see(found)

    def see(self, found: Batch | View) -> None:
        """Look at a batch, or at one large example."""
        if isinstance(found, Batch):
            self.examine(found)
        else:
            self.examine_large(found)

    def examine(self, batch: Batch) -> None:
        """Look at these examples."""
        raise NotImplementedError

    def examine_large(self, view: View) -> None:
        """Look at an example that is too large for a batch; here at a part of it."""
        prompt, completion = view.prompt[-SEEN:], view.completion[:SEEN]
        part = {"prompt": prompt, "completion": completion}
        self.examine(Batch([replace(view, record=part, prompt=prompt, completion=completion)]))

    def take(self, other: Self) -> None:
        """Take over the state of the same rule, both having looked at all they were given."""
        raise NotImplementedError

    def merge(self, other: Self) -> None:
        """Take over what the same rule saw in the piece that follows."""
        self.flush()
        other.flush()
        self.take(other)

    def __getstate__(self) -> dict[str, Any]:
        self.flush()
        return self.__dict__
