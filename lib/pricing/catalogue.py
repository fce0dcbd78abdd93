"""Models, prices, limits and dates, read from `data/catalogue/*.yaml`.

Each figure comes with the page it was read on and the day it was read; a figure nobody publishes is null, never
a guess. Prices are per million tokens. The catalogue knows nothing of what an account may use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lib.config import CATALOGUE

FIRST = "openai"
"""Service whose model is meant by a name that several services have."""
_BILLIONS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Billing:
    """How a service bills a job and a tuned model. None is "not published"."""

    currency: str
    validation: bool | None
    """Whether the tokens of a validation file are billed."""
    minimum: float | None
    """Least price of a job; 0 for none."""
    dpo: float | None
    """What a preference job costs beside a supervised one."""
    source: str
    hosting_per_hour: float | None
    """What it costs for each hour that a tuned model is there to be called; 0 for nothing."""
    hosting_source: str


@dataclass(frozen=True)
class CatalogueModel:
    """One base model of one service, or all of its open models of a certain size."""

    service: str
    service_title: str
    id: str
    title: str
    train_per_mtok: float | None
    input_per_mtok: float | None
    output_per_mtok: float | None
    billing: Billing
    encoding: str | None
    """Name of its tiktoken encoding; None for models that split text in another way."""
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
    """Page the prices were read on, or would stand on."""
    read_on: date
    """Day the prices were read."""
    dates_source: str | None
    dates_read_on: date | None
    aliases: tuple[str, ...] = ()
    """Other names the service takes for it."""
    epochs: int | None = None
    """Epochs of a job that asks for none; None where the number of examples decides."""
    train_per_hour: float | None = None
    """Price of an hour, where training is not billed by token."""
    billions: tuple[float, float | None] | None = None
    """Stands for every open model of more than the first, up to the second number of billions of weights."""

    @property
    def name(self) -> str:
        """Return what names it among all services: `SERVICE:MODEL`."""
        return f"{self.service}:{self.id}"

    def is_retired(self, today: date | None = None) -> bool:
        """Say whether new jobs on it are refused."""
        return self.retired is not None and self.retired <= (today or _today())


@lru_cache
def models(folder: Path = CATALOGUE) -> tuple[CatalogueModel, ...]:
    """Return every model of every service, OpenAI's first, in the order of the files."""
    files = sorted(folder.glob("*.yaml"), key=lambda file: (file.stem != FIRST, file.stem))
    return tuple(model for file in files for model in _read(yaml.safe_load(file.read_text("utf-8"))))


def find(model_id: str, service: str | None = None) -> CatalogueModel | None:
    """Return the catalogue's entry for a base model or for a model tuned from it; None when it holds none.

    Without a service the first that has it is meant. Of a service that prices models by their size, the size is taken
    from the name: `Qwen/Qwen3-8B` has 8 billion weights.
    """
    wanted = base_model(model_id)
    here = [model for model in models() if service in (None, model.service)]
    found = next((model for model in here if wanted == model.id or wanted in model.aliases), None)
    return found if found or service is None or not wanted else _by_size(here, wanted)


def find_named(name: str) -> CatalogueModel | None:
    """Return the entry for `SERVICE:MODEL`, or for a model alone, base or tuned; None when there is none."""
    service, colon, model_id = name.partition(":")
    if colon and service in {model.service for model in models()}:
        return find(model_id, service)
    return find(name)


def base_model(model_id: str) -> str:
    """Return the base model that a tuned model's id names, or the id itself.

    Understands `ft:BASE:ORG:SUFFIX:ID` (also with `:ckpt-step-N`), `BASE:ft-ORG-...` of the first API, Azure's
    `BASE.ft-HEX`, and leaves any other id as it is.
    """
    if model_id.startswith("ft:"):
        return model_id.split(":")[1]
    return re.split(r"[:.]ft-", model_id, maxsplit=1)[0]


def _by_size(here: list[CatalogueModel], wanted: str) -> CatalogueModel | None:
    named = _BILLIONS.search(re.sub(r"[-_/]", " ", wanted))
    billions = float(named[1]) if named else None
    for model in here:
        if model.billions is None:
            continue
        over, most = model.billions
        everything = over == 0 and most is None
        if everything or (billions is not None and over < billions and (most is None or billions <= most)):
            return replace(model, id=wanted, title=wanted)
    return None


def _read(document: Mapping[str, Any]) -> Iterator[CatalogueModel]:
    sources = document["sources"]
    billing = _billing(document, sources)
    for entry in document["models"]:
        price, dates = entry["price"], entry.get("dates")
        yield CatalogueModel(
            service=document["service"],
            service_title=document["title"],
            id=entry["id"],
            title=entry["title"],
            train_per_mtok=price["train"],
            input_per_mtok=price["input"],
            output_per_mtok=price["output"],
            train_per_hour=price.get("train_hour"),
            billing=billing,
            source=sources[price["from"]]["url"],
            read_on=sources[price["from"]]["read_on"],
            retired=dates and dates["retired"],
            shutdown=dates and dates["shutdown"],
            dates_source=dates and sources[dates["from"]]["url"],
            dates_read_on=dates and sources[dates["from"]]["read_on"],
            encoding=entry["encoding"],
            context=entry["context"]["tokens"],
            context_source=sources[entry["context"]["from"]]["url"],
            formats=tuple(entry["formats"]),
            methods=tuple(entry["methods"]),
            aliases=tuple(entry.get("aliases", ())),
            epochs=entry.get("epochs", {}).get("count"),
            billions=tuple(entry["parameters"]) if "parameters" in entry else None,
        )


def _billing(document: Mapping[str, Any], sources: Mapping[str, Any]) -> Billing:
    bills, hosting = document["bills"], document["hosting"]
    return Billing(
        currency=bills["currency"],
        validation=bills["validation"],
        minimum=bills["minimum"],
        dpo=bills["dpo"],
        source=sources[bills["from"]]["url"],
        hosting_per_hour=hosting["per_hour"],
        hosting_source=sources[hosting["from"]]["url"],
    )


def _today() -> date:
    return datetime.now(UTC).date()
