"""One record of capability flags per service. Facts only: no request is made here.

Sources, read in November 2026: platform.openai.com/docs, learn.microsoft.com/azure/ai-foundry,
docs.tokenfactory.nebius.com, docs.crusoecloud.com, docs.together.ai. No service but the engine was called; the fakes
that the tests run against deviate as those pages say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lib.providers.results import Results


@dataclass(frozen=True)
class Provider:
    """What a service can do and how it deviates from OpenAI's wire protocol."""

    id: str
    title: str
    charges: bool
    """Training and answers cost money."""
    formats: tuple[str, ...]
    """Example formats that can be trained: `chat`, `completion`, `preference`."""
    base_url: str = ""
    """Where it is; `{resource}` is what a user fills in; empty where every user has an address of their own."""
    needs_key: bool = True
    methods: tuple[str, ...] = ("supervised",)
    wire: str = "openai"
    """The protocol it speaks: a key of `lib.providers.wires.WIRES`."""
    hyperparameters: str = "method"
    """Where they go in the request: under `method`, or at the `top`."""
    takes_auto: bool = True
    """A hyperparameter may be the word `auto`; else what is left to the service is left out."""
    learning_rate: float | None = None
    """Where learning rates are absolute: the service's own, which a multiplier multiplies."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What every job request must hold besides."""
    idempotent: bool = False
    """A create sent twice with the same Idempotency-Key acts once."""
    newest_first: bool = True
    """Lists come in that order."""
    byte_order_mark: bool = False
    """Training files must begin with one."""
    results: Results = Results.FILES
    """Where the metrics of a job that has ended are."""
    pausable: bool = False
    """A job can be paused and resumed."""
    suffix_limit: int = 64
    suffix_dots: bool = True
    """A suffix may hold dots."""
    minimum_examples: int = 10
    poll_seconds: float = 10.0
    """How often a running job is looked at."""
    confirm_seconds: float = 120.0
    """How long a request whose answer was lost may still take effect."""


PROVIDERS = {
    provider.id: provider
    for provider in (
        Provider(
            id="engine",
            title="Tuneboard",
            charges=False,
            formats=("completion", "chat", "preference"),
            needs_key=False,
            methods=("supervised", "dpo"),
            idempotent=True,
            pausable=True,
            poll_seconds=1.0,
            confirm_seconds=2.0,
        ),
        Provider(
            id="openai",
            title="OpenAI",
            charges=True,
            formats=("chat", "preference"),
            base_url="https://api.openai.com/v1",
            methods=("supervised", "dpo"),
            pausable=True,
        ),
        Provider(
            id="azure",
            title="Azure OpenAI",
            charges=True,
            formats=("chat", "preference"),
            base_url="https://{resource}.openai.azure.com/openai/v1",
            methods=("supervised", "dpo"),
            extra={"trainingType": "GlobalStandard"},
            byte_order_mark=True,
            pausable=True,
            suffix_limit=18,
            suffix_dots=False,
        ),
        Provider(
            id="nebius",
            title="Nebius Token Factory",
            charges=True,
            formats=("chat", "completion"),
            base_url="https://api.tokenfactory.nebius.com/v1",
            hyperparameters="top",
            takes_auto=False,
            learning_rate=1e-5,
            results=Results.CHECKPOINTS,
        ),
        Provider(
            id="crusoe",
            title="Crusoe",
            charges=True,
            formats=("chat",),
            base_url="https://api.intelligence.crusoecloud.com/v1",
            newest_first=False,
            results=Results.METRICS,
        ),
        Provider(
            id="together",
            title="Together",
            charges=True,
            formats=("chat", "completion", "preference"),
            base_url="https://api.together.ai/v1",
            methods=("supervised", "dpo"),
            wire="together",
            takes_auto=False,
            learning_rate=1e-5,
            newest_first=False,
            results=Results.METRICS,
            minimum_examples=1,
        ),
        Provider(
            id="compatible",
            title="",
            charges=True,
            formats=("chat", "completion", "preference"),
            needs_key=False,
            methods=("supervised", "dpo"),
        ),
    )
}
