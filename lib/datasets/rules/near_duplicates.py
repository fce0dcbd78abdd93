"""Examples that are almost the same: a word changed, a space more, another full stop.

`sketches` says how texts are compared, `likeness` when they are almost the same. Of each example 120 bytes are kept.
"""

from __future__ import annotations

from array import array
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lib.datasets.fixes import Change
from lib.datasets.rules.base import ComparingRule, Context, Finding, Rule, View
from lib.datasets.rules.batches import Batch, BatchRule
from lib.datasets.rules.duplicates import hashes
from lib.datasets.rules.equal import firsts
from lib.datasets.rules.found import found_at
from lib.datasets.rules.likeness import repeats
from lib.datasets.rules.sketches import BINS, Sketches, mark_short, sketch
from lib.datasets.table import Note
from lib.i18n import N_

ASKED = 1_000
"""Characters at the end of what is asked that count: instructions stand before it, the question itself at the end."""


class NearDuplicates(BatchRule, ComparingRule):
    """Examples whose question and answer are both almost those of an earlier one."""

    code = "near_duplicates"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.rows: array[int] = array("Q")
        self.lines: array[int] = array("Q")
        self.wholes: array[int] = array("Q")
        self.sketches = bytearray()

    def see(self, found: Batch | View) -> None:
        """Look at a batch, or at one large example, of which the hash is that of all of it."""
        views = found.views if isinstance(found, Batch) else [found]
        self.wholes.extend([hashes(view)[1] for view in views])
        super().see(found)

    def examine(self, batch: Batch) -> None:
        """Keep a sketch of what is asked and one of what is answered."""
        skip = np.zeros_like(batch.lengths)
        skip[::2] = np.maximum(batch.lengths[::2] - ASKED, 0)
        made = sketch(batch.units, batch.starts, batch.lengths, skip)
        mark_short(made, batch.texts, batch.lengths)
        self.sketches += made.tobytes()
        self.rows.extend(view.row for view in batch.views)
        self.lines.extend(view.origin.line for view in batch.views)

    def take(self, other: Self) -> None:
        """Add the examples that follow."""
        self.rows.extend(other.rows)
        self.lines.extend(other.lines)
        self.wholes.extend(other.wholes)
        self.sketches += other.sketches

    def repeated(self) -> NDArray[np.bool_]:
        """Return (examples,) whether an example is almost an earlier one.

        Examples that are the very same count as one: where the first of them goes, all go, and none goes for being the
        same as one that stays. That is another rule's business.
        """
        self.flush()
        sketches: Sketches = np.frombuffer(self.sketches, np.uint8).reshape(-1, 2, BINS)
        first = firsts(np.frombuffer(self.wholes, np.uint64))
        order = np.flatnonzero(first == np.arange(len(first)))
        gone = np.zeros(len(self.rows), np.bool_)
        distinct = sketches if len(order) == len(sketches) else sketches[order]  # no copy of 60 MB for nothing
        gone[order[list(repeats(distinct))]] = True
        return gone[first]

    def surplus(self) -> set[int]:
        """Return the rows of examples that are almost an earlier one, which stays."""
        repeated = self.repeated()
        return set(np.frombuffer(self.rows, np.uint64)[repeated].tolist())

    def findings(self) -> list[Finding]:
        """Return a finding when there are any."""
        repeated = self.repeated()
        found = found_at(self.rows, self.lines, repeated)
        if not found:
            return []
        title = N_("Examples that are almost the same as an earlier one: {n} of {all}.")
        why = N_("They teach hardly anything new, and in a split one of them may end up on each side.")
        todo = N_("Accept to keep the first of each. Reject if the small differences are what the model should learn.")
        return [
            Finding(
                self.code,
                "hint",
                Note(title, {"n": len(found), "all": len(self.rows)}),
                Note(why),
                Note(todo),
                found,
                {"code": self.code, "settings": {}},
            )
        ]


RULES: tuple[type[Rule], ...] = (NearDuplicates,)
CHANGES: dict[str, Change] = {}
