"""Keys, mail addresses, phone, card and identity numbers, and putting placeholders where they stand.

`private_patterns` says what each looks like. Here texts that can't hold any are passed over by their characters
alone: an @, sixteen letters and digits in a row, nine digits close together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Context, Finding, Found, Rule, Severity, View
from lib.datasets.rules.batches import Batch, BatchRule
from lib.datasets.rules.character_classes import AT, DIGIT, TOKEN
from lib.datasets.rules.private_patterns import (
    CARD,
    IDENTITY,
    KEY,
    MAIL,
    PASSWORD,
    PHONE,
    PLACEHOLDERS,
    places,
    redact,
)
from lib.datasets.rules.texts import map_texts, texts_in
from lib.datasets.table import Note
from lib.i18n import N_

REDACT = "redact"
KINDS = frozenset(PLACEHOLDERS)

TITLES = {
    KEY: N_("Examples with keys or access tokens: {n} ({places} in all)."),
    PASSWORD: N_("Examples with passwords in addresses: {n} ({places} in all)."),
    MAIL: N_("Examples with mail addresses: {n} ({places} in all)."),
    PHONE: N_("Examples with phone numbers: {n} ({places} in all)."),
    IDENTITY: N_("Examples with numbers of identity documents: {n} ({places} in all)."),
    CARD: N_("Examples with numbers of bank cards: {n} ({places} in all)."),
}
SECRETS = N_("Whoever asks the model may be given them, and they leave your house with the file. Change them soon.")
PEOPLE = N_("The model may learn them by heart and tell them to anyone. Often the law asks you to leave them out.")
TODO = N_("Accept to put {placeholder} in their place, in every message.")


class PrivateData(BatchRule):
    """What should not leave the house: one finding for each kind."""

    code: ClassVar[str] = "private_data"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.found = {kind: Found() for kind in PLACEHOLDERS}
        self.places: Counter[str] = Counter()

    def examine(self, batch: Batch) -> None:
        """Look closely at the examples that may hold something."""
        for view in batch.holding(promising(batch.units, batch.classes)):
            self.count(view)

    def examine_large(self, view: View) -> None:
        """Look closely at all of it."""
        self.count(view)

    def count(self, view: View) -> None:
        """Note what stands in one example."""
        kinds = Counter(place.kind for text in texts_in(view.record) for place in places(text, KINDS))
        self.places.update(kinds)
        for kind in kinds:
            self.found[kind].add(view)

    def take(self, other: Self) -> None:
        """Add what was found in the piece that follows."""
        self.places.update(other.places)
        for kind, found in self.found.items():
            found.merge(other.found[kind])

    def findings(self) -> list[Finding]:
        """Return a finding for each kind that stands anywhere, secrets first."""
        self.flush()
        return [self.finding(kind, found) for kind, found in self.found.items() if found]

    def finding(self, kind: str, found: Found) -> Finding:
        """Return what to say of one kind."""
        secret = kind in (KEY, PASSWORD)
        severity: Severity = "error" if secret else "warning"
        placeholder = PLACEHOLDERS[kind]
        return Finding(
            f"private_{kind}",
            severity,
            Note(TITLES[kind], {"n": len(found), "places": self.places[kind]}),
            Note(SECRETS if secret else PEOPLE),
            Note(TODO, {"placeholder": placeholder}),
            found,
            {"code": REDACT, "settings": {"kind": kind, "placeholder": placeholder}},
        )


def promising(units: NDArray[np.uint32], classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where something may begin: an @, 16 characters of a key in a row, or 9 digits in 16 characters.

    Every key holds more than small letters, and begins with them: a long word alone is none.
    """
    marked = (classes & AT) > 0
    token = (classes & TOKEN) > 0
    small = units - np.uint32(ord("a")) < 26
    digit = (classes & DIGIT) >> np.uint8(5)
    for step in (1, 2, 4, 8):
        if len(token) > step:
            token, small = token[:-step] & token[step:], small[:-step] & small[step:]
            digit = digit[:-step] + digit[step:]
    near = len(token)
    marked[:near] |= token & ~small
    marked[:near] |= digit >= 9
    return marked


def put_placeholders(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with a placeholder for everything of a kind (`kind`, `placeholder`), in every text."""
    kind, placeholder = settings["kind"], settings["placeholder"]
    changed: dict[str, Any] = map_texts(record, lambda text: redact(text, kind, placeholder))
    return changed


RULES: tuple[type[Rule], ...] = (PrivateData,)
CHANGES: dict[str, Change] = {REDACT: put_placeholders}
