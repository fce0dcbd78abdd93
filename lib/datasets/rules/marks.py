"""Separator, stop sequence, and what all prompts or all completions share at their ends."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Rule

RULES: tuple[type[Rule], ...] = ()
CHANGES: dict[str, Change] = {}
