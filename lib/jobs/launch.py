"""A click on Launch: one row in the database, whatever is clicked, reloaded or lost. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Protocol, Self

from lib import library
from lib.db import JobRow, insert_once, session
from lib.i18n import N_
from lib.jobs import bell, budget, records
from lib.jobs.errors import NoSuchVersion
from lib.jobs.lease import note, write_line
from lib.jobs.records import Job
from lib.providers.request import JobRequest

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
    method: str = "supervised"
    beta: float | Auto | None = None
    """Of preference training only."""
    suffix: str = ""
    seed: int | None = None
    validation_fraction: float = 0.0
    knobs: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters beyond OpenAI's own, under the service's names, such as `lora_r`."""
    metadata: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a record of all fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return what a job was launched with. What this version does not know is left out."""
        return cls(**{field.name: record[field.name] for field in fields(cls) if field.name in record})


def launch(launch_id: str, spec: LaunchSpec, estimate: Stored | None = None) -> Job:
    """Record a launch and wake the worker; the same launch id again returns the job that is there.

    Raises:
        NoSuchVersion: the dataset version is gone.
        OverBudget: it would cost more than is left of this month's budget; nothing is recorded.
    """
    version = library.version(spec.version_id)
    if version is None:
        raise NoSuchVersion
    expected = estimate.to_json() if estimate else {}
    with session() as opened:
        first = insert_once(
            opened,
            JobRow,
            id=launch_id,
            name=spec.suffix or version.label,
            connection=spec.connection,
            model=spec.model,
            version_id=spec.version_id,
            settings=spec.to_json(),
            recipe=version.recipe.to_json(),
            estimate=expected,
        )
        if first:
            budget.demand(opened, budget.EVERYBODY, budget.cost(expected, {}), launch_id)
            write_line(opened, launch_id, note("launched", N_("Launched with {dataset}."), dataset=version.label))
    bell.ring()
    return records.get(launch_id)


def job_request(model: str, wanted: Mapping[str, Any], training: str, validation: str | None) -> JobRequest:
    """Return what is asked of a service: the settings of a launch (`LaunchSpec.to_json`) and the ids of its files."""
    knobs = {
        "n_epochs": wanted.get("epochs", "auto"),
        "batch_size": wanted.get("batch_size", "auto"),
        "learning_rate_multiplier": wanted.get("learning_rate_multiplier", "auto"),
    }
    if wanted.get("beta") is not None:
        knobs["beta"] = wanted["beta"]
    return JobRequest(
        model=model,
        training_file=training,
        validation_file=validation,
        hyperparameters=knobs | (wanted.get("knobs") or {}),
        method=wanted.get("method") or "supervised",
        suffix=wanted.get("suffix") or "",
        seed=wanted.get("seed"),
        metadata=wanted.get("metadata") or {},
    )
