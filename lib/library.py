"""The shelf: uploaded files, half-filled forms and dataset versions.

Files lie under their SHA-256 in `settings().files`; a name is only ever shown, never used as a path. A file is there
whole or not at all. Saving the same thing twice gives the same thing back. This module knows no screen and no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.datasets.recipe import Recipe


@dataclass(frozen=True)
class Upload:
    """A file somebody gave us."""

    sha256: str
    name: str
    size: int
    created_at: float


@dataclass(frozen=True)
class Draft:
    """A half-filled form: `kind` is `data` or `train`."""

    id: str
    kind: str
    state: dict[str, Any]
    updated_at: float


@dataclass(frozen=True)
class Version:
    """A dataset version: JSONL bytes and the recipe that made them."""

    id: str
    dataset: str
    number: int
    sha256: str
    size: int
    examples: int
    format: str
    recipe: Recipe
    source_name: str
    source_sha256: str
    created_at: float

    @property
    def label(self) -> str:
        """Return the name people use: `stories v2`."""
        return f"{self.dataset} v{self.number}"


def save_file(data: bytes) -> str:
    """Store bytes and return their SHA-256."""
    raise NotImplementedError


def read_file(sha256: str) -> bytes:
    """Return the bytes stored under a SHA-256."""
    raise NotImplementedError


def save_upload(name: str, data: bytes) -> Upload:
    """Store a file somebody gave us; the same bytes again take the newest name."""
    raise NotImplementedError


def upload(sha256: str) -> Upload | None:
    """Return an upload, or None if there is none with this SHA-256."""
    raise NotImplementedError


def new_draft(kind: str, state: dict[str, Any]) -> str:
    """Store a new form and return its id."""
    raise NotImplementedError


def draft(id: str, kind: str) -> dict[str, Any] | None:
    """Return the state of a form, or None if there is none."""
    raise NotImplementedError


def save_draft(id: str, kind: str, state: dict[str, Any]) -> None:
    """Store the state of a form under its id, whether or not it is known yet."""
    raise NotImplementedError


def drafts(kind: str) -> list[Draft]:
    """Return the forms of a kind, newest first."""
    raise NotImplementedError


def save_version(name: str, recipe: Recipe, records: list[dict[str, Any]], source: Upload) -> Version:
    """Store a dataset version; the same name, bytes and recipe return the version that is there."""
    raise NotImplementedError


def versions() -> list[Version]:
    """Return every dataset version, newest first."""
    raise NotImplementedError


def version(id: str) -> Version | None:
    """Return a dataset version, or None if there is none with this id."""
    raise NotImplementedError


def version_bytes(id: str) -> bytes:
    """Return the JSONL of a dataset version."""
    raise NotImplementedError
