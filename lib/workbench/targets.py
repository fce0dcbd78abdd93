"""Who a dataset can be made for: services with their models, and what each one takes, read from `data/targets`.

Facts only. `lib.workbench.verdict` holds a dataset against a target, `lib.workbench.export` writes a file for it.
A target is named `SERVICE:MODEL`, e.g. `openai:gpt-4.1-mini-2025-04-14`, `engine:starter`, `trl:dpo`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lib.config import DATA, settings
from lib.errors import TuneboardError
from lib.pricing import catalogue
from lib.pricing.catalogue import CatalogueModel

TARGETS = DATA / "targets"
METHODS = ("sft", "dpo")
"""What stands for the model at services that train any open one."""


class UnknownTarget(TuneboardError):
    what = "There is no target named {name}."
    why = "Every service takes other files, so the target decides what is checked and written."
    todo = "Choose one of: {near}."


@dataclass(frozen=True)
class Source:
    """The page a rule was read on, and the day."""

    url: str
    read_on: date


@dataclass(frozen=True)
class Target:
    """What one model of one service takes. Limits that no page tells about are None."""

    service: str
    model: str
    title: str
    """The service as people call it."""
    formats: tuple[str, ...]
    limits: Mapping[str, Any]
    """Rule -> value, e.g. `least_examples`; the header of `data/targets/README.md` lists them."""
    refuses: frozenset[str]
    ignores: frozenset[str]
    unpublished: frozenset[str]
    sources: Mapping[str, Source]
    """Rule or trait -> where it was read."""
    priced: CatalogueModel | None = None
    """What the catalogue knows of the model at this service."""
    like: CatalogueModel | None = None
    """The same model at another service, which tells what this one does not: how it splits text, how much it reads."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the file holds for this model."""

    @property
    def name(self) -> str:
        """Return `SERVICE:MODEL`."""
        return f"{self.service}:{self.model}"

    @property
    def context(self) -> int | None:
        """Return the tokens of the longest example that is trained whole, where somebody says."""
        told = (model.context for model in (self.priced, self.like) if model and model.context)
        return self.details.get("context") or next(told, None)

    @property
    def bom(self) -> str:
        """Return required, forbidden or any."""
        return self.limits.get("bom", "any")

    @property
    def roles(self) -> tuple[str, ...] | None:
        """Return the roles of messages that are taken."""
        return tuple(self.limits["roles"]) if "roles" in self.limits else None

    @property
    def retired(self) -> date | None:
        """Return the first day on which the service takes no job on it; it may lie ahead."""
        return self.priced.retired if self.priced else None

    def source(self, rule: str) -> Source | None:
        """Return where a rule or trait was read."""
        return self.sources.get(rule) or self.sources.get(rule.partition(":")[0])

    def takes(self, trait: str) -> bool:
        """Say whether an example with this trait is taken."""
        return not {trait, trait.partition(":")[0]} & self.refuses


@dataclass(frozen=True)
class Service:
    """A file of `data/targets`."""

    service: str
    title: str
    targets: tuple[Target, ...]
    any_model: bool


def find_target(name: str) -> Target:
    """Return the target of a name.

    A service alone means the first of its models that is not retired, a model alone the first service that has it,
    and a tuned model its base. Raises `UnknownTarget` with the names that are near.
    """
    alone = catalogue.base_model(name.strip()).lower()
    known = [target for target in all_targets() if target.model not in METHODS]
    if found := next((target for target in known if alone in names_of(target)), None):
        return found
    service_name, _colon, model = name.strip().partition(":")
    service = next((s for s in services() if s.service == service_name.strip().lower()), None)
    if service is None:
        raise UnknownTarget(name=name, near=", ".join(near_names(name)))
    wanted = catalogue.base_model(model.strip())
    if not wanted:
        return next((t for t in service.targets if not (t.priced and t.priced.is_retired())), service.targets[0])
    meant = next((t for t in service.targets if wanted.lower() in names_of(t)), None)
    if meant is None and service.any_model:
        return renamed(service, wanted)
    if meant is None:
        raise UnknownTarget(name=name, near=", ".join(near_names(name, service)))
    return meant


def all_targets() -> tuple[Target, ...]:
    """Return every target by name, service by service."""
    return tuple(target for service in services() for target in service.targets)


def chief_targets() -> tuple[Target, ...]:
    """Return what a dataset is held against at a glance: for each service and format its first living model."""
    chosen: list[Target] = []
    for service in services():
        alive = [t for t in service.targets if not (t.priced and t.priced.is_retired())]
        seen: set[str] = set()
        for target in alive:
            if not seen >= set(target.formats):
                seen |= set(target.formats)
                chosen.append(target)
    return tuple(chosen)


def near_names(name: str, service: Service | None = None) -> list[str]:
    """Return names that a mistyped one may have meant; where none is near, the first of each service."""
    firsts = {s.service: s.targets[0].name for s in services()}
    if service is None and (close := get_close_matches(name.partition(":")[0], list(firsts), n=2)):
        return [firsts[each] for each in close]
    known = service.targets if service else all_targets()
    alive = [target.name for target in known if not (target.priced and target.priced.is_retired())]
    near = get_close_matches(name, alive, n=3, cutoff=0.75)
    return near or (alive[:5] if service else list(firsts.values()))


def names_of(target: Target) -> set[str]:
    """Return the lower-case names a model goes by."""
    known = [model for model in (target.priced, target.like) if model]
    return {target.model.lower(), *(alias.lower() for model in known for alias in model.aliases)}


def renamed(service: Service, model: str) -> Target:
    """Return a target for a model that is not in a service's file; it may be trained in any way the service knows."""
    formats = tuple(dict.fromkeys(each for target in service.targets for each in target.formats))
    priced = catalogue.find(model, service.service)
    return replace(service.targets[0], model=model, formats=formats, priced=priced, like=None, details={})


@lru_cache
def services(folder: Path = TARGETS) -> tuple[Service, ...]:
    """Return every service, in the order people look for them."""
    order = ["openai", "azure", "nebius", "crusoe", "together", "fireworks", "alibaba", "engine", "trl"]
    found = [read_service(yaml.safe_load(path.read_text("utf-8"))) for path in folder.glob("*.yaml")]
    return tuple(sorted(found, key=lambda s: (order.index(s.service) if s.service in order else 99, s.service)))


def read_service(document: Mapping[str, Any]) -> Service:
    """Build a service and its targets from its file."""
    pages = {name: Source(page["url"], page["read_on"]) for name, page in document["sources"].items()}
    limits, refuses, ignores = document["limits"], document.get("refuses", {}), document.get("ignores", {})
    rules = {**{rule: entry["from"] for rule, entry in limits.items()}, **refuses, **ignores}
    common: dict[str, Any] = {
        "service": document["service"],
        "title": document["title"],
        "limits": {rule: entry["value"] for rule, entry in limits.items()},
        "refuses": frozenset(refuses),
        "ignores": frozenset(ignores),
        "unpublished": frozenset(document.get("unpublished", ())),
        "sources": {rule: pages[page] for rule, page in rules.items()},
    }
    targets = tuple(Target(**common, **model) for model in models_of(document))
    return Service(document["service"], document["title"], targets, document.get("any_model", False))


def models_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield model, formats, priced and details for each model of a service."""
    service = document["service"]
    listed = [] if document["models"] == "catalogue" else document["models"]
    named = {entry["id"] for entry in listed}
    for priced in catalogue.models():
        if priced.service == service and priced.id not in named and priced.billions is None:
            yield {"model": priced.id, "formats": priced.formats, "priced": priced}
    for entry in listed:
        like = catalogue.find(entry["like"]) if "like" in entry else None
        priced_here = catalogue.find(entry["id"], service)
        formats = tuple(entry["formats"])
        yield {"model": entry["id"], "formats": formats, "priced": priced_here, "like": like, "details": entry}
    if document.get("local_models"):
        for folder in local_models():
            formats = tuple(listed[0]["formats"])
            yield {"model": folder.name, "formats": formats, "details": {"path": str(folder)}}


def local_models() -> list[Path]:
    """Return the model folders that the engine offers on this machine."""
    folder = settings().models
    if folder is None or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if (path / "config.json").is_file())
