"""Settings of several jobs -> those in which they differ. Values are shown as they are; one that is missing is "—"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MISSING = "—"


def differing(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return setting -> job -> value, for the settings that aren't the same in all jobs, in the order they came."""
    names = dict.fromkeys(name for values in settings.values() for name in values)
    table = {name: {job: _shown(values.get(name)) for job, values in settings.items()} for name in names}
    return {name: row for name, row in table.items() if len(set(row.values())) > 1}


def _shown(value: object) -> str:
    if value is None or value == "":
        return MISSING
    return f"{value:.6g}" if isinstance(value, float) else str(value)
