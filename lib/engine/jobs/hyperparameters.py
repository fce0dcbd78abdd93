"""The knobs of a job, as a client may turn them: OpenAI's own, and those that Nebius and others add.

Promises that a knob that nobody reads is refused by name, and that every value lies within limits that are told. What
"auto" comes to is the trainer's to say. Limits of the first three and of `beta`: OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, StringConstraints

from lib.engine.bodies import Body


def _auto_or(wanted: str, read: Callable[[int | float], int | float | None]) -> PlainValidator:
    """Take "auto", which null means too, or a number that `read` returns; `wanted` says which ones it does."""

    def check(value: object) -> int | float | str:
        if value in ("auto", None):
            return "auto"
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = read(value)
            if number is not None:
                return number
        raise ValueError(f"must be 'auto' or {wanted}")

    return PlainValidator(check)


def _whole(low: int, high: int) -> PlainValidator:
    def read(value: int | float) -> int | None:
        return value if isinstance(value, int) and low <= value <= high else None

    return _auto_or(f"a whole number between {low} and {high}", read)


def _rate(high: int) -> PlainValidator:
    def read(value: int | float) -> float | None:
        return float(value) if 0 < value <= high else None

    return _auto_or(f"a number above 0 and at most {high}", read)


Share = Annotated[float, Field(ge=0, lt=1)]
Module = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]


class Hyperparameters(Body):
    """Knobs of the supervised method. The first three are in every job; the rest only where they were given."""

    n_epochs: Annotated[int | str, _whole(1, 50)] = "auto"
    batch_size: Annotated[int | str, _whole(1, 256)] = "auto"
    learning_rate_multiplier: Annotated[float | str, _rate(100)] = "auto"
    lora: bool | Literal["auto"] | None = None
    lora_r: Annotated[int, Field(ge=1, le=256)] | None = None
    lora_alpha: Annotated[float, Field(gt=0, le=1024)] | None = None
    lora_dropout: Share | None = None
    lora_target_modules: Annotated[list[Module], Field(min_length=1, max_length=32)] | None = None
    warmup_ratio: Share | None = None
    lr_scheduler: Literal["cosine", "linear", "constant"] | None = None
    weight_decay: Annotated[float, Field(ge=0, le=1)] | None = None
    max_grad_norm: Annotated[float, Field(gt=0, le=1000)] | None = None
    packing: bool | None = None
    context_length: Annotated[int, Field(ge=8, le=2**20)] | None = None
    early_stopping_patience: Annotated[int, Field(ge=1, le=1000)] | None = None
    gradient_checkpointing: bool | Literal["auto"] | None = None
    gradient_accumulation_steps: Annotated[int, Field(ge=1, le=1024)] | None = None

    def given(self) -> dict[str, Any]:
        """Return the knobs as they are stored and shown: without those that nobody turned."""
        return self.model_dump(exclude_none=True)


class DpoHyperparameters(Hyperparameters):
    """Knobs of the DPO method."""

    beta: Annotated[float | str, _rate(2)] = "auto"
