"""What a client asks when it creates a job: OpenAI's body, its limits, and what this engine refuses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from lib.engine.bodies import Body
from lib.engine.errors import ApiError, invalid
from lib.engine.jobs.hyperparameters import DpoHyperparameters, Hyperparameters

Metadata = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=64)], Annotated[str, StringConstraints(max_length=512)]
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Supervised(Body):
    """Settings of the supervised method."""

    hyperparameters: Hyperparameters | None = None


class Dpo(Body):
    """Settings of direct preference optimisation."""

    hyperparameters: DpoHyperparameters | None = None


class Method(Body):
    """How to train."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised | None = None
    dpo: Dpo | None = None
    reinforcement: dict[str, Any] | None = None


class Wandb(Body):
    """Where at Weights & Biases a client wants to see a job."""

    project: Name
    name: Name | None = None
    entity: Name | None = None
    tags: Annotated[list[Name], Field(max_length=64)] | None = None


class Integration(Body):
    """A service that a client wants to see a job in."""

    type: Literal["wandb"]
    wandb: Wandb


class Extension(Body):
    """What OpenAI's body has no word for. A job of a higher priority goes first."""

    priority: Annotated[int, Field(ge=-10, le=10)] = 0


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
    integrations: Annotated[list[Integration], Field(max_length=5)] | None = None
    tuneboard: Extension | None = None

    @property
    def method_type(self) -> str:
        """Return how to train: supervised unless asked otherwise."""
        return self.method.type if self.method else "supervised"

    def knobs(self) -> Hyperparameters:
        """Return the hyperparameters, wherever they were given; refuse what cannot be done or contradicts itself."""
        if self.method_type == "reinforcement":
            message = "The method 'reinforcement' is not offered here: use 'supervised' or 'dpo'."
            raise invalid(message, "method.type", "unsupported_value")
        inner = self._inner()
        outer = self.hyperparameters
        if inner and outer and inner.given() != outer.given():
            message = "Give 'hyperparameters' once: in 'method' or at the top, not differing in both."
            raise invalid(message, "hyperparameters", "invalid_value")
        if inner is None and self.method_type == "dpo":
            inner = DpoHyperparameters(**outer.given() if outer else {})
        knobs = inner or outer or Hyperparameters()
        if knobs.early_stopping_patience is not None and self.validation_file is None:
            raise self._refused(knobs, "early_stopping_patience", "it needs a 'validation_file' to watch")
        return knobs

    def check_context(self, knobs: Hyperparameters, context: int) -> None:
        """Refuse examples longer than the model can read."""
        if knobs.context_length is not None and knobs.context_length > context:
            why = f"the model reads at most {context} tokens"
            raise self._refused(knobs, "context_length", why)

    def check_method(self, methods: Collection[str]) -> None:
        """Refuse a method that the model cannot be trained by."""
        if self.method_type not in methods:
            how = " or ".join(f"'{method}'" for method in methods)
            message = (
                f"The model '{self.model}' can't be trained by '{self.method_type}' as it is, only by {how}. "
                "The models that come of that can be."
            )
            raise invalid(message, "method.type", "unsupported_value")

    def _inner(self) -> Hyperparameters | None:
        """Return the hyperparameters of the method; settings of another one than its type's are refused."""
        found = None
        for name in ("supervised", "dpo"):
            settings = getattr(self.method, name, None)
            if settings is not None and name != self.method_type:
                message = f"'method.{name}' does not belong to a job of type '{self.method_type}'."
                raise invalid(message, f"method.{name}", "invalid_value")
            found = settings.hyperparameters if settings else found
        return found

    def _refused(self, knobs: Hyperparameters, name: str, why: str) -> ApiError:
        inner = self.method is not None and knobs is not self.hyperparameters
        path = f"method.{self.method_type}.hyperparameters.{name}" if inner else f"hyperparameters.{name}"
        return invalid(f"Invalid value for '{path}': {why}.", path, "invalid_value")
