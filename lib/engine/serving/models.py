"""Models held in memory: loaded when first asked, the least recently asked forgotten when room is short.

Promises that a folder that changed on disk (same name, newer files) is loaded anew, that adapters of one base share
it, and that nothing is forgotten while it writes. Knows nothing about requests.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.serving.adapters import Base
from lib.engine.serving.cache import can_share
from lib.engine.serving.protocol import Refusal
from lib.engine.training.adapters import base_of, device, is_adapter, load_model, load_tokenizer
from lib.engine.training.report import TrainingProblem
from lib.engine.training.text import ensure_chat_template

log = logging.getLogger(__name__)

KEPT = 64
"""Most models and adapters held at once."""

MEMORY_SHARE = 0.5
"""Share of the machine's memory that held models may fill; the one that is asked is always held."""

SMALL = 64 * 2**20
"""Bytes under which a model writes with one thread. A step of `starter` is short: with two threads, each waits for the
other whenever a trainer runs beside them."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to write: a base, with one of its adapters or none."""

    base: Base
    adapter: str | None
    tokenizer: Any
    ends: frozenset[int]
    context: int
    size: int
    version: int
    together: bool
    """Whether several answers can be written in one pass of it."""

    @property
    def model(self) -> Any:
        """Return the network; call it inside `ready`."""
        return self.base.model

    @property
    def is_exact(self) -> bool:
        """Tell whether its numbers are fine enough that rounding is hardly ever seen."""
        return bool(self.model.dtype == torch.float32)

    def ready(self) -> AbstractContextManager[None]:
        """Return the context of a pass."""
        return self.base.ready(self.adapter)


class Models:
    """The models held. Whoever gets one gives it back with `release`."""

    def __init__(self, kept: int = KEPT, memory: int | None = None) -> None:
        self._held: OrderedDict[str, Loaded] = OrderedDict()
        self._writing: Counter[Loaded] = Counter()
        self._kept = kept
        self._memory = memory if memory is not None else int(_memory() * MEMORY_SHARE)
        self._loading = threading.Lock()
        self._changing = threading.Lock()

    def at_hand(self, folder: str) -> Loaded | None:
        """Return a model as `get` does if it is held, without waiting for others that are being loaded."""
        with self._changing:
            held = self._held.get(folder)
            if held is None or held.version != version_of(Path(folder)):
                return None
            self._held.move_to_end(folder)
            self._writing[held] += 1
            return held

    def get(self, folder: str) -> Loaded:
        """Return a model, loading it if it is not held; refuse a folder that holds none."""
        with self._loading:
            held = self._held.get(folder)
            if held is None or held.version != version_of(Path(folder)):
                base = self._base(folder)
                loaded = load(Path(folder), base)
                self.forget(folder)
            else:
                loaded = held
            with self._changing:
                self._held[folder] = loaded
                self._held.move_to_end(folder)
                self._writing[loaded] += 1
                self._evict()
            return loaded

    def release(self, loaded: Loaded) -> None:
        """Say that one of those who got the model writes no more."""
        with self._changing:
            self._writing[loaded] -= 1
            if self._writing[loaded] <= 0:
                del self._writing[loaded]
                self._let_go(loaded)

    def forget(self, folder: str) -> None:
        """Drop a model, if it is held. Answers under way keep theirs until they end."""
        with self._changing:
            if held := self._held.pop(folder, None):
                self._let_go(held)

    def _base(self, folder: str) -> Base | None:
        """Return the base that a folder's model needs, if it is in memory already."""
        path = base_of_folder(Path(folder))
        version = version_of(path)
        for name, held in [*self._held.items()]:
            if base_of_folder(Path(name)) == path and held.base.version == version:
                return held.base
        return None

    def _evict(self) -> None:
        """Forget the least recently asked that do not write, until the others fit."""
        for folder, held in list(self._held.items())[:-1]:
            if len(self._held) <= self._kept and self._used() <= self._memory:
                return
            if not self._writing[held]:
                del self._held[folder]
                self._let_go(held)

    def _used(self) -> int:
        bases = {held.base for held in self._held.values()}
        return sum(base.size for base in bases) + sum(held.size for held in self._held.values())

    def _let_go(self, loaded: Loaded) -> None:
        """Take an adapter off its base once nobody holds it or writes with it."""
        if loaded.adapter and not self._writing[loaded] and loaded not in self._held.values():
            loaded.base.detach(loaded.adapter)


def load(folder: Path, base: Base | None = None) -> Loaded:
    """Load a model to write with; an adapter is put on `base` if that is given."""
    if not (folder / "config.json").exists() and not (folder / "adapter_config.json").exists():
        raise Refusal(f"The model {folder.name} is not there any more.", code="model_not_found", status=404)
    try:
        base = base or load_base(base_of_folder(folder))
        tokenizer = load_tokenizer(folder)
        adapter = _attach(base, folder) if is_adapter(folder) else None
    except TrainingProblem as problem:
        raise Refusal(problem.message, code=problem.code) from problem
    ensure_chat_template(tokenizer)
    return Loaded(
        base=base,
        adapter=adapter,
        tokenizer=tokenizer,
        ends=_ends(base.model, tokenizer),
        context=base.model.config.get_text_config().max_position_embeddings,
        size=base.weight_of(adapter) if adapter else 0,
        version=version_of(folder),
        together=base.together,
    )


def _attach(base: Base, folder: Path) -> str:
    """Put an adapter on its base; never one in a format that may run code."""
    if not (folder / "adapter_model.safetensors").exists():
        raise TrainingProblem(f"{folder.name} holds no safetensors file.", code="unsupported_model", param="model")
    return base.attach(folder)


def load_base(folder: Path) -> Base:
    """Load a whole model."""
    model = load_model(folder).eval().to(device())
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    threads = 1 if size < SMALL else torch.get_num_threads()
    return Base(model, size=size, threads=threads, version=version_of(folder), together=_can_share(model))


def base_of_folder(folder: Path) -> Path:
    """Return the folder of the whole model in a folder, or under the adapter in it."""
    return base_of(folder) if is_adapter(folder) else folder


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


def version_of(folder: Path) -> int:
    """Return a number that grows when a folder's weights are written anew."""
    return max((path.stat().st_mtime_ns for path in folder.glob("*.safetensors")), default=0)


def _memory() -> int:
    """Return the bytes of memory the models live in."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[1]
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        return int(meminfo.read_text().split("MemTotal:")[1].split()[0]) * 1024
    return 8 * 2**30
