"""What a client asks when it creates a job: OpenAI's body, its limits, and what this engine refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, StringConstraints

from lib.engine.bodies import Body
from lib.engine.errors import invalid, unsupported

Metadata = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=64)], Annotated[str, StringConstraints(max_length=512)]
]


def _auto_or_whole(low: int, high: int) -> Callable[[object], int | str]:
    def check(value: object) -> int | str:
        if value in ("auto", None):
            return "auto"
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"must be 'auto' or a whole number between {low} and {high}")

    return check


def _auto_or_rate(value: object) -> float | str:
    if value in ("auto", None):
        return "auto"
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 100:
        return float(value)
    raise ValueError("must be 'auto' or a number above 0 and at most 100")


class Hyperparameters(Body):
    """The three knobs; the trainer replaces "auto"."""

    n_epochs: Annotated[int | str, PlainValidator(_auto_or_whole(1, 50))] = "auto"
    batch_size: Annotated[int | str, PlainValidator(_auto_or_whole(1, 256))] = "auto"
    learning_rate_multiplier: Annotated[float | str, PlainValidator(_auto_or_rate)] = "auto"


class Supervised(Body):
    """Settings of the supervised method."""

    hyperparameters: Hyperparameters | None = None


class Method(Body):
    """How to train."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised | None = None
    dpo: dict[str, Any] | None = None
    reinforcement: dict[str, Any] | None = None


class JobRequest(Body):
    """The body of `POST /v1/fine_tuning/jobs`."""

    model: str
    training_file: str
    validation_file: str | None = None
    suffix: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    metadata: Annotated[Metadata, Field(max_length=16)] | None = None
    hyperparameters: Hyperparameters | None = None
    method: Method | None = None
    integrations: list[Any] | None = None

    def knobs(self) -> Hyperparameters:
        """Return the hyperparameters, wherever they were given; refuse what this engine cannot do."""
        if self.integrations:
            raise unsupported("integrations")
        if self.method and self.method.type != "supervised":
            raise invalid(
                f"The method '{self.method.type}' is not offered here: use 'supervised'.",
                "method.type",
                "unsupported_value",
            )
        inner = self.method.supervised.hyperparameters if self.method and self.method.supervised else None
        if inner and self.hyperparameters and inner != self.hyperparameters:
            message = "Give 'hyperparameters' once: in 'method' or at the top, not differing in both."
            raise invalid(message, "hyperparameters", "invalid_value")
        return inner or self.hyperparameters or Hyperparameters()
