"""How fast the engine trains a model: measured by the engine that runs, or the usual speed from `data/targets`."""

from __future__ import annotations

from dataclasses import dataclass

from lib.config import settings
from lib.workbench.targets import Target

PATIENCE = 3.0
"""Seconds to wait for an engine; an estimate without it is better than none."""


@dataclass(frozen=True)
class Speed:
    """What minutes rest on."""

    tokens_per_second: float
    overhead_seconds: float
    measured_here: bool


def speed_of(target: Target) -> Speed | None:
    """Return how fast a target trains; None where that is not known before the first job."""
    if target.service != "engine":
        return None
    usual = target.details.get("speed")
    return told_by_engine(target) or (
        Speed(usual["tokens_per_second"], usual["overhead_seconds"], False) if usual else None
    )


def told_by_engine(target: Target) -> Speed | None:
    """Return what the engine at `TUNEBOARD_ENGINE_URL` says, if there is one and it answers."""
    if not settings().engine_url:
        return None
    from lib.providers import backend  # noqa: PLC0415 - the SDK is slow to load, and rarely needed here
    from lib.providers.connections import connection  # noqa: PLC0415
    from lib.providers.errors import BackendError  # noqa: PLC0415

    engine = connection("engine")
    try:
        models = backend.models(engine, timeout=PATIENCE)
    except BackendError:
        return None  # it is silent; the answer says that the speed was not measured
    model = next((each for each in models if each.id == target.model), None)
    if model is None or not model.tokens_per_second:
        return None
    return Speed(model.tokens_per_second, model.overhead_seconds or 0.0, model.measured)
