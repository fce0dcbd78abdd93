"""Examples that stand twice, contradict each other, or leak into validation."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Rule

RULES: tuple[type[Rule], ...] = ()
CHANGES: dict[str, Change] = {}
