"""Models held in memory: loaded when first asked, the least recently asked forgotten when room is short.

Promises that a folder that changed on disk (same name, newer files) is loaded anew. Knows nothing about requests.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.serving.cache import can_share
from lib.engine.serving.protocol import Refusal
from lib.engine.training.adapters import device, load_model, load_tokenizer
from lib.engine.training.report import TrainingProblem
from lib.engine.training.text import ensure_chat_template

log = logging.getLogger(__name__)

KEPT = 4
"""Most models held at once."""

MEMORY_SHARE = 0.5
"""Share of the machine's memory that held models may fill; the one that is asked is always held."""

SMALL = 64 * 2**20
"""Bytes under which a model writes faster with one thread: `starter` 980 tokens a second instead of 850 on two cores,
and much faster where a trainer runs beside it."""


@dataclass(frozen=True)
class Loaded:
    """A model ready to write."""

    model: Any
    tokenizer: Any
    ends: frozenset[int]
    context: int
    size: int
    threads: int
    version: int
    together: bool
    """Whether several answers can be written in one pass of it."""

    @property
    def is_exact(self) -> bool:
        """Tell whether its numbers are fine enough that rounding cannot be seen."""
        return bool(self.model.dtype == torch.float32)

    def activate(self) -> None:
        """Make ready for a pass in this thread."""
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)


class Models:
    """A small cache of loaded models."""

    def __init__(self, kept: int = KEPT, memory: int | None = None) -> None:
        self._held: OrderedDict[str, Loaded] = OrderedDict()
        self._kept = kept
        self._memory = memory if memory is not None else int(_memory() * MEMORY_SHARE)
        self._lock = threading.Lock()

    def get(self, folder: str) -> Loaded:
        """Return a model, loading it if it is not held; refuse a folder that holds none."""
        with self._lock:
            held = self._held.get(folder)
            if held is None or held.version != _version(Path(folder)):
                held = self._held[folder] = load(Path(folder))
            self._held.move_to_end(folder)
            self._evict()
            return held

    def forget(self, folder: str) -> None:
        """Drop a model, if it is held. Answers under way keep theirs until they end."""
        with self._lock:
            self._held.pop(folder, None)

    def _evict(self) -> None:
        while len(self._held) > 1 and (
            len(self._held) > self._kept or sum(held.size for held in self._held.values()) > self._memory
        ):
            self._held.popitem(last=False)


def load(folder: Path) -> Loaded:
    """Load a model to write with; an adapter is merged into its base, which costs nothing per token."""
    if not (folder / "config.json").exists() and not (folder / "adapter_config.json").exists():
        raise Refusal(f"The model {folder.name} is not there any more.", code="model_not_found", status=404)
    try:
        model, tokenizer = load_model(folder), load_tokenizer(folder)
    except TrainingProblem as problem:
        raise Refusal(problem.message, code=problem.code) from problem
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    ensure_chat_template(tokenizer)
    model = model.eval().to(device())
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        ends=_ends(model, tokenizer),
        context=model.config.get_text_config().max_position_embeddings,
        size=size,
        threads=1 if size < SMALL else torch.get_num_threads(),
        version=_version(folder),
        together=_can_share(model),
    )


def _can_share(model: Any) -> bool:
    """Tell whether answers can be written together; a model that fails the trial writes them one by one."""
    try:
        return can_share(model)
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        log.warning("answers of %s take turns: %r", type(model).__name__, error)
        return False


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return the tokens that end an answer: the tokenizer's own and those the model's folder names."""
    named = model.generation_config.eos_token_id
    return frozenset([*(named if isinstance(named, list) else [named]), tokenizer.eos_token_id]) - {None}


def _version(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for path in folder.glob("*.safetensors")), default=0)


def _memory() -> int:
    """Return the bytes of memory the models live in."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[1]
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        return int(meminfo.read_text().split("MemTotal:")[1].split()[0]) * 1024
    return 8 * 2**30
