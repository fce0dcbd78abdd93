"""Too few examples, empty fields, and what kind of task a file holds."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Rule

RULES: tuple[type[Rule], ...] = ()
CHANGES: dict[str, Change] = {}
