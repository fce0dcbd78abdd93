"""One record of capability flags per service. Facts only: no request is made here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provider:
    """What a service can do and how it deviates from OpenAI's wire protocol."""

    id: str
    charges: bool
    """Training and answers cost money."""
    formats: tuple[str, ...]
    """Example formats that can be trained: `chat`, `completion`, `preference`."""
    methods: tuple[str, ...] = ("supervised",)
    hyperparameters: str = "method"
    """Where they go in the request: under `method`, or at the `top`."""
    idempotent: bool = False
    """A create sent twice with the same Idempotency-Key acts once."""
    newest_first: bool = True
    """Lists come in that order."""
    pausable: bool = False
    """A job can be paused and resumed."""
    suffix_limit: int = 64
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
            charges=False,
            formats=("completion", "chat", "preference"),
            methods=("supervised", "dpo"),
            idempotent=True,
            pausable=True,
            poll_seconds=1.0,
            confirm_seconds=2.0,
        ),
        Provider(
            id="openai", charges=True, formats=("chat", "preference"), methods=("supervised", "dpo"), pausable=True
        ),
    )
}
