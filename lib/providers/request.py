"""What is to be trained -> the body of a create request, in the dialect of the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lib.providers.provider import Provider


@dataclass(frozen=True)
class JobRequest:
    """A fine-tuning job to be created. A hyperparameter may be the word `auto`."""

    model: str
    training_file: str
    validation_file: str | None
    hyperparameters: dict[str, int | float | str]
    suffix: str = ""
    seed: int | None = None
    method: str = "supervised"
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Kept with the job, where the service does so; the launch id is added to it."""

    def body(self, provider: Provider, extra: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """Return the fields of the request; what isn't set is left out. `extra` is what the connection adds."""
        body: dict[str, Any] = {"model": self.model, "training_file": self.training_file}
        knobs = self.knobs(provider)
        if provider.hyperparameters == "method":
            body["method"] = {"type": self.method, self.method: {"hyperparameters": knobs}}
        else:
            body["hyperparameters"] = knobs
        optional = {
            "validation_file": self.validation_file,
            "suffix": _suffix(self.suffix, provider),
            "seed": self.seed,
        }
        set_ = {key: value for key, value in optional.items() if value not in {None, ""}}
        return {**body, **set_, **provider.extra, **extra}

    def knobs(self, provider: Provider) -> dict[str, int | float | str]:
        """Return the hyperparameters as the service wants them: without `auto`, and with its own kind of rate."""
        set_ = {k: v for k, v in self.hyperparameters.items() if provider.takes_auto or v != "auto"}
        multiplier = set_.get("learning_rate_multiplier")
        if provider.learning_rate is None or multiplier is None:
            return set_
        del set_["learning_rate_multiplier"]
        return set_ | {"learning_rate": float(multiplier) * provider.learning_rate}


def _suffix(suffix: str, provider: Provider) -> str:
    return (suffix if provider.suffix_dots else suffix.replace(".", "-"))[: provider.suffix_limit]
