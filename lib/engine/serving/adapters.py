"""A base that is held once, and the LoRA adapters on it, of which one is switched on for each pass.

Adapters are not merged into their base. Measured once, a Llama of 20 M weights on one core, every layer adapted: one
answer alone writes 145 tokens a second merged and 67 with the adapter beside; sixteen together 671 and 828, which is
noise. So a merged copy would gain with one reader only, and cost a base's memory for each adapter. `peft`'s own switch
took 18 ms on that model (it visits every weight), ours 0.2.

Knows models; nothing about requests.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer


class Base:
    """A whole model. One pass, or one change of its adapters, at a time."""

    def __init__(self, model: Any, *, size: int, threads: int, version: int, together: bool) -> None:
        self.model, self.size, self.version, self.together = model, size, version, together
        self._threads = threads
        self._tuned: PeftModel | None = None
        self._layers: list[Any] = []
        self._active: str | None = None
        self._names = (f"adapter{number}" for number in itertools.count(1))
        self._lock = threading.Lock()

    @contextmanager
    def ready(self, adapter: str | None) -> Iterator[None]:
        """Be the model with that adapter, or with none, for one pass in this thread."""
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        with self._lock:
            if self._active != adapter:
                self._switch(adapter)
            yield

    def attach(self, folder: Path) -> str:
        """Load an adapter and return its name here; who writes with this base waits meanwhile."""
        name = next(self._names)
        with self._lock:
            if self._tuned is None:
                self._tuned = PeftModel.from_pretrained(self.model, str(folder), adapter_name=name)
            else:
                self._tuned.load_adapter(str(folder), adapter_name=name)
            self.model.eval()
            self._layers = [layer for layer in self.model.modules() if isinstance(layer, BaseTunerLayer)]
            self._switch(None)
        return name

    def detach(self, name: str) -> None:
        """Let an adapter go."""
        with self._lock:
            if self._tuned is None or name not in self._tuned.peft_config:
                return
            if len(self._tuned.peft_config) > 1:
                self._tuned.delete_adapter(name)
                self._switch(None)
            else:
                self.model, self._tuned = self._tuned.unload(), None
                self._layers, self._active = [], None

    def weight_of(self, name: str) -> int:
        """Return the bytes that an adapter takes."""
        weights = (weight for key, weight in self.model.named_parameters() if f".{name}." in key)
        return sum(weight.nbytes for weight in weights)

    def _switch(self, adapter: str | None) -> None:
        for layer in self._layers:
            layer._active_adapter = [adapter] if adapter else []
        self._active = adapter
