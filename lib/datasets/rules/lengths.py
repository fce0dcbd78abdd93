"""Examples that are too long, cut down to nothing, or repeat the same instructions."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Rule

RULES: tuple[type[Rule], ...] = ()
CHANGES: dict[str, Change] = {}
