"""A recipe that comes from a file: anybody may have edited it, so all of it is looked at before it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from lib.datasets.fixes import SET_FIELD
from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.rules.all_rules import CHANGES, COMPARING
from lib.datasets.shapes.names import Role

FORMATS = (COMPLETION, CHAT, PREFERENCE, REINFORCEMENT)
PROBES: tuple[dict[str, Any], ...] = (
    {"prompt": "a", "completion": "b"},
    {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
)
"""Examples that every fix can be tried on: one whose settings are incomplete fails here, and not halfway in a file."""


def load_recipe(data: bytes) -> Recipe:
    """Return the recipe that a file holds; raises `ValueError` that says what is wrong with it."""
    try:
        record = json.loads(data.decode("utf-8-sig"))
    except RecursionError as problem:
        raise ValueError("JSON") from problem
    wrong = next(wrong_places(record), "")
    if wrong:
        raise ValueError(wrong)
    return Recipe.from_json(record)


def wrong_places(record: Any) -> Iterator[str]:
    """Yield what is no part of a recipe, by the name of its field."""
    if not isinstance(record, Mapping) or not isinstance(record.get("roles"), Mapping):
        yield "roles"
        return
    usual = Recipe()
    for field in fields(Recipe):
        value = record.get(field.name, getattr(usual, field.name))
        if type(value) is not type(getattr(usual, field.name)):
            yield field.name
    if record.get("format", COMPLETION) not in FORMATS:
        yield f"format: {record['format']}"
    yield from (f"roles: {column}: {role}" for column, role in record["roles"].items() if role not in list(Role))
    yield from (f"speakers: {name}" for name, role in record.get("speakers", {}).items() if not isinstance(role, str))
    yield from (f"fixes: {json.dumps(fix)[:100]}" for fix in record.get("fixes", []) if not usable(fix))


def usable(fix: Any) -> bool:
    """Say whether a fix is one of ours and has the settings it needs."""
    if not isinstance(fix, Mapping) or not isinstance(fix.get("settings"), Mapping):
        return False
    code, settings = str(fix.get("code")), fix["settings"]
    if code == SET_FIELD:
        usual = vars(Recipe()).get(settings.get("field"))
        return isinstance(usual, str | bool) and all(type(settings.get(k)) is type(usual) for k in ("value", "before"))
    try:
        for probe in PROBES:
            if code not in COMPARING:
                CHANGES[code](probe, settings)
    except (LookupError, TypeError, AttributeError, ValueError):
        return False
    return True
