"""A plain remark in the reader's language: a template and the values that fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lib.i18n import translate


@dataclass(frozen=True)
class Note:
    """One sentence; `template` is marked with `N_` where it is written and translated where it is shown."""

    template: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)

    def text(self) -> str:
        """Return the sentence in the current language. It may hold user data: show it as plain text."""
        return translate(self.template, **self.values)
