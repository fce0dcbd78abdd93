"""A click on Launch: one row in the database, whatever is clicked, reloaded or lost. Nothing is sent from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lib.jobs.records import Job

Auto = Literal["auto"]


class Stored(Protocol):
    """What can be kept as JSON, such as `lib.pricing.estimate.Estimate`."""

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class LaunchSpec:
    """Everything that decides what is trained. `validation_fraction` is the part of the examples held out."""

    connection: str
    model: str
    version_id: str
    epochs: int | Auto = "auto"
    batch_size: int | Auto = "auto"
    learning_rate_multiplier: float | Auto = "auto"
    suffix: str = ""
    seed: int | None = None
    validation_fraction: float = 0.0


def launch(launch_id: str, spec: LaunchSpec, estimate: Stored | None = None) -> Job:
    """Record a launch and wake the worker; the same launch id again returns the job that is there.

    Raises:
        NoSuchVersion: the dataset version is gone.
    """
    raise NotImplementedError
