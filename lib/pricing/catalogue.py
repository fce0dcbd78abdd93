"""Models, prices, limits and dates, read from `data/catalogue/*.yaml`.

Each figure comes with the page it was read on and the day it was read; a figure nobody publishes is null, never
a guess. Prices are US dollars per million tokens. The catalogue knows nothing of what an account may use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lib.config import CATALOGUE


@dataclass(frozen=True)
class CatalogueModel:
    """One base model of one service."""

    service: str
    id: str
    title: str
    train_per_mtok: float | None
    input_per_mtok: float | None
    output_per_mtok: float | None
    encoding: str
    """Name of its tiktoken encoding."""
    context: int | None
    """Tokens of the longest example that is trained whole; what is beyond is cut off at the end and not billed."""
    context_source: str
    formats: tuple[str, ...]
    """Kinds of example it learns from: `completion`, `chat`, `preference`, `reinforcement`."""
    methods: tuple[str, ...]
    """`supervised`, `dpo`, `reinforcement`."""
    retired: date | None
    """First day on which nobody can create a job on it. It may lie ahead: ask `is_retired`."""
    shutdown: date | None
    """First day on which models tuned from it no longer answer. It may lie ahead."""
    source: str
    """Page the prices were read on."""
    read_on: date
    """Day the prices were read."""
    dates_source: str
    dates_read_on: date
    aliases: tuple[str, ...] = ()
    """Other names the service takes for it."""
    epochs: int | None = None
    """Epochs that "auto" always meant for it; None where the number of examples decides."""
    train_per_hour: float | None = None
    """Dollars per hour, where training is not billed by token."""

    def is_retired(self, today: date | None = None) -> bool:
        """Say whether new jobs on it are refused."""
        return self.retired is not None and self.retired <= (today or _today())


@lru_cache
def models(folder: Path = CATALOGUE) -> tuple[CatalogueModel, ...]:
    """Return every model of every service, in the order of the files."""
    files = sorted(folder.glob("*.yaml"))
    return tuple(model for file in files for model in _read(yaml.safe_load(file.read_text("utf-8"))))


def find(model_id: str) -> CatalogueModel | None:
    """Return the catalogue's entry for a base model or for a model tuned from it; None when it holds none."""
    wanted = base_model(model_id)
    return next((model for model in models() if wanted == model.id or wanted in model.aliases), None)


def base_model(model_id: str) -> str:
    """Return the base model that a tuned model's id names, or the id itself.

    Understands `ft:BASE:ORG:SUFFIX:ID` (also with `:ckpt-step-N`), `BASE:ft-ORG-...` of the first API, Azure's
    `BASE.ft-HEX`, and leaves any other id as it is.
    """
    if model_id.startswith("ft:"):
        return model_id.split(":")[1]
    return re.split(r"[:.]ft-", model_id, maxsplit=1)[0]


def _read(document: Mapping[str, Any]) -> Iterator[CatalogueModel]:
    sources = document["sources"]
    for entry in document["models"]:
        price, dates = entry["price"], entry["dates"]
        yield CatalogueModel(
            service=document["service"],
            id=entry["id"],
            title=entry["title"],
            train_per_mtok=price["train"],
            input_per_mtok=price["input"],
            output_per_mtok=price["output"],
            train_per_hour=price.get("train_hour"),
            source=sources[price["from"]]["url"],
            read_on=sources[price["from"]]["read_on"],
            retired=dates["retired"],
            shutdown=dates["shutdown"],
            dates_source=sources[dates["from"]]["url"],
            dates_read_on=sources[dates["from"]]["read_on"],
            encoding=entry["encoding"],
            context=entry["context"]["tokens"],
            context_source=sources[entry["context"]["from"]]["url"],
            formats=tuple(entry["formats"]),
            methods=tuple(entry["methods"]),
            aliases=tuple(entry.get("aliases", ())),
            epochs=entry.get("epochs", {}).get("count"),
        )


def _today() -> date:
    return datetime.now(UTC).date()
