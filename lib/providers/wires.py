"""Every protocol that is spoken here, by the name that `Provider.wire` calls it."""

from __future__ import annotations

from lib.providers.together import TOGETHER
from lib.providers.wire import Wire

WIRES = {"openai": Wire(), "together": TOGETHER}
