"""Every rule and every fix there is, in the order in which they are shown."""

from __future__ import annotations

from lib.datasets.fixes import Change
from lib.datasets.rules import (
    characters,
    content,
    duplicates,
    languages,
    lengths,
    marks,
    near_duplicates,
    private_data,
    talk,
)
from lib.datasets.rules.base import ComparingRule, Rule

SUBJECTS = (content, talk, duplicates, near_duplicates, marks, lengths, private_data, characters, languages)

RULES: tuple[type[Rule], ...] = tuple(rule for subject in SUBJECTS for rule in subject.RULES)
CHANGES: dict[str, Change] = {code: change for subject in SUBJECTS for code, change in subject.CHANGES.items()}
COMPARING: dict[str, type[ComparingRule]] = {rule.code: rule for rule in RULES if issubclass(rule, ComparingRule)}
"""Fixes that drop what a comparing rule calls surplus go by the code of that rule."""
