"""Connections that the operator wrote into a file: YAML, a list of records.

    - {id: azure-eu, provider: azure, title: Azure EU, base_url: "https://ours.openai.azure.com/openai/v1", key: "..."}

`key_file` names a file that holds the key, for servers that mount their secrets. It is read anew when it changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from lib.config import settings
from lib.providers.errors import BadConfiguration
from lib.providers.provider import PROVIDERS


@dataclass(frozen=True)
class Entry:
    """A connection of the operator's."""

    id: str
    provider: str
    title: str
    base_url: str
    key: SecretStr = field(repr=False)
    extra: dict[str, Any] = field(default_factory=dict)


def entries() -> list[Entry]:
    """Return the connections of the operator's file, in its order.

    Raises:
        BadConfiguration: the file is not there, is no such list, or names a service that we don't know.
    """
    path = settings().connections
    if path is None:
        return []
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as problem:
        # A parser quotes what it read, and that may be a key: only the kind of problem is told.
        raise BadConfiguration(file=path.name, detail=type(problem).__name__) from None


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> list[Entry]:
    found = [_entry(record, path.parent) for record in yaml.safe_load(path.read_text("utf-8")) or []]
    if len({entry.id for entry in found}) < len(found):
        raise ValueError("two connections have the same id")
    return found


def _entry(record: dict[str, Any], folder: Path) -> Entry:
    can = PROVIDERS[record["provider"]]
    key = record.get("key") or ""
    if "key_file" in record:
        key = (folder / record["key_file"]).read_text("utf-8").strip()
    return Entry(
        id=str(record["id"]),
        provider=can.id,
        title=str(record.get("title") or can.title or record["id"]),
        base_url=str(record.get("base_url") or can.base_url).rstrip("/"),
        key=SecretStr(str(key)),
        extra=dict(record.get("extra") or {}),
    )
