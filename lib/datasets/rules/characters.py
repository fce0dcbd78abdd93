"""Characters that hide, reorder or break text, and files of mixed languages."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules.base import Rule

RULES: tuple[type[Rule], ...] = ()
CHANGES: dict[str, Change] = {}
