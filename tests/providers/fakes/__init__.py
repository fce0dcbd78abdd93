"""Services as they deviate from OpenAI's protocol, one module each. Sources: see `lib.providers.provider`."""

from __future__ import annotations

from tests.fake_dialect import Dialect
from tests.providers.fakes.azure import Azure
from tests.providers.fakes.compatible import Compatible
from tests.providers.fakes.crusoe import Crusoe
from tests.providers.fakes.nebius import Nebius
from tests.providers.fakes.openai import OpenAI
from tests.providers.fakes.together import Together

DIALECTS: dict[str, type[Dialect]] = {
    "engine": Dialect,
    "openai": OpenAI,
    "azure": Azure,
    "nebius": Nebius,
    "crusoe": Crusoe,
    "together": Together,
    "compatible": Compatible,
}
