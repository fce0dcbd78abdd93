"""How much memory a job will need, and whether there is room, asked before its trainer starts.

Promises to load nothing: sizes come from the base's config and the headers of its weights, lengths from the training
file. The estimate is of the trainer's peak; `python -m tests.bench memory` prints it beside measured ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from lib.engine.models.bases import STARTER_CONTEXT, STARTER_PARAMETERS, facts
from lib.engine.queue.devices import Device, read_gpus
from lib.engine.queue.forecast import TOKENS_PER_BYTE

MIB = 1024**2
GIB = 1024**3
LIBRARIES = 500 * MIB
"""What a trainer holds before it holds a model: torch, transformers and their kin."""
CONTEXT_OF_A_GPU = 600 * MIB
"""What a process takes of a GPU before it stores anything there."""
FULL_LIMIT = 100_000_000
LOGITS_LIMIT = 2**27
LORA_RANK = 16
"""The trainer's own: `training/lora.py` and `training/learner.py`, which this process must not import."""
WHOLE_STATE = 16
"""Bytes for a trained weight: itself, its gradient, and two averages of AdamW, in 32 bits each."""
KEPT = 68
"""Bytes that a layer keeps for the way back, per token and unit of width, as `training/recompute.py` counts them."""
SHARE = 0.5
"""Most of the free memory that these may fill; with less, the trainer computes them anew, as that module decides."""
KEPT_BY_ADAPTERS = 24
"""Bytes more under LoRA, whose adapters keep a copy of what they read, in 32 bits."""
LOGIT_BYTES = 14
"""Bytes for each logit: itself, its copy in 32 bits, its probability and its gradient."""
CGROUPS = Path("/sys/fs/cgroup")


class TooLarge(Exception):
    """A job that needs more memory than it can ever get; the text says how much, and what would help."""


@dataclass(frozen=True)
class Shape:
    """What decides a model's memory. `parameters` are those of the whole model, `tuned` says that it is an adapter."""

    parameters: int
    width: int
    layers: int
    vocabulary: int
    context: int
    tuned: bool = False


STARTER_SHAPE = Shape(STARTER_PARAMETERS, 256, 2, 4_000, STARTER_CONTEXT)


@dataclass(frozen=True)
class Load:
    """What decides the memory of a job on a model: its knobs, and the number and the longest of its examples."""

    hyperparameters: Mapping[str, Any]
    rows: int
    longest: int
    """Bytes of the longest line of the training file."""
    pairs: bool = False
    """Each example is two answers, as in DPO."""


@dataclass(frozen=True)
class Room:
    """Memory of a device in bytes: all of it, and what nobody uses."""

    total: int
    free: int


def shape_of(folder: Path | None) -> Shape | None:
    """Return the shape of a model folder, None for one that does not tell; no folder means `starter`."""
    if folder is None:
        return STARTER_SHAPE
    tuned = (folder / "adapter_config.json").exists()
    try:
        base = Path(json.loads((folder / "tuneboard.json").read_bytes())["base"]) if tuned else folder
        found = facts(base)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not (found.parameters and found.width and found.layers and found.vocabulary):
        return None
    return Shape(found.parameters, found.width, found.layers, found.vocabulary, found.context, tuned)


def measure(path: Path) -> tuple[int, int]:
    """Return the number of lines of a file, and the bytes of the longest."""
    rows = longest = 0
    with path.open("rb") as file:
        for line in file:
            rows, longest = rows + 1, max(longest, len(line))
    return rows, longest


def is_lora(shape: Shape, knobs: Mapping[str, Any]) -> bool:
    """Tell whether the trainer will put an adapter on the model."""
    asked = knobs.get("lora")
    return asked if isinstance(asked, bool) else shape.tuned or shape.parameters >= FULL_LIMIT


def needed(shape: Shape, load: Load, *, on_gpu: bool = False, free: int | None = None) -> int:
    """Return the peak of a trainer's memory in bytes, on its GPU or on the machine.

    With so much `free` that what it keeps for the way back would fill half of it, it computes that anew instead, unless
    that was forbidden.
    """
    knobs = load.hyperparameters
    lora = is_lora(shape, knobs)
    if lora:
        rank = knobs.get("lora_r") or LORA_RANK
        adapter = rank * shape.layers * shape.width * 20  # seven matrices, four of them square, three three times wider
        state = shape.parameters * (2 if on_gpu else 4) + adapter * WHOLE_STATE
    else:
        state = shape.parameters * WHOLE_STATE
    tokens = _tokens_at_once(shape, load)
    kept = tokens * (KEPT + KEPT_BY_ADAPTERS * lora) * shape.width * shape.layers
    anew = knobs.get("gradient_checkpointing")
    if anew is True or (anew is not False and free is not None and kept > SHARE * free):
        kept = 2 * kept // shape.layers
    logits = tokens * shape.vocabulary * LOGIT_BYTES
    return state + kept + logits + (CONTEXT_OF_A_GPU if on_gpu else LIBRARIES)


def _tokens_at_once(shape: Shape, load: Load) -> int:
    """Return the most tokens that go through the model together, as the trainer splits its batches."""
    context = min(shape.context, load.hyperparameters.get("context_length") or shape.context)
    longest = max(1, min(context, round(load.longest * TOKENS_PER_BYTE)))
    asked = load.hyperparameters.get("batch_size")
    batch = asked if isinstance(asked, int) else 4 if load.rows < 1_000 else 8 if load.rows < 10_000 else 16
    limit = max(512, LOGITS_LIMIT // shape.vocabulary)
    return max(longest, min(limit, batch * longest)) * (2 if load.pairs else 1)


def room_on(device: Device) -> Room:
    """Return the memory of a device: a GPU's own, or what this process may have of the machine's."""
    if device.gpu:
        for gpu in read_gpus():
            if gpu.uuid == device.gpu:
                return Room(gpu.total, gpu.free)
    machine = psutil.virtual_memory()
    return least([Room(machine.total, machine.available), *_cgroups(CGROUPS, Path("/proc/self/cgroup"))])


def least(rooms: list[Room]) -> Room:
    """Return the room within several limits that all hold."""
    return Room(min(room.total for room in rooms), min(room.free for room in rooms))


def _cgroups(root: Path, membership: Path) -> list[Room]:
    """Return the room in each control group (version 2) that this process is in; what is cached can be given back."""
    try:
        own = next(line[3:].strip() for line in membership.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    folder = root / own.strip("/")
    rooms = []
    for group in [folder, *folder.parents]:
        if not group.is_relative_to(root):
            break
        try:
            limit, used = (group / "memory.max").read_text().strip(), int((group / "memory.current").read_text())
            cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            if limit != "max":
                used -= int(cached.get("inactive_file", 0))
                rooms.append(Room(int(limit), max(0, int(limit) - used)))
        except (OSError, ValueError):  # the root has no such files, and a version 1 hierarchy other ones
            continue
    return rooms


def complaint(need: int, have: int, what: str, *, lora: bool) -> str:
    """Say that a job does not fit, and what would help."""
    way = "a smaller batch, shorter examples or a smaller base model" if lora else "LoRA or a smaller batch"
    return f"The job needs about {_size(need)} of memory, {_size(have)} {what}: use {way}."


@dataclass(frozen=True)
class Verdict:
    """What a job needs, whether that is free now, and what to say if it is not."""

    need: int
    fits: bool
    complaint: str


def judge(shape: Shape, load: Load, device: Device, held: int) -> Verdict:
    """Return whether a job may start on a device; `held` is what our own running jobs will still take of it.

    Raises `TooLarge` for a job that would not fit if nothing else were there.
    """
    room = room_on(device)
    free = max(0, room.free - held)
    need = needed(shape, load, on_gpu=bool(device.gpu), free=free)
    lora = is_lora(shape, load.hyperparameters)
    if need > room.total:
        raise TooLarge(complaint(need, room.total, "in all", lora=lora))
    return Verdict(need, need <= free, complaint(need, free, "free", lora=lora))


def _size(number: int) -> str:
    return f"{number / GIB:.1f} GiB" if number < 10 * GIB else f"{number / GIB:.0f} GiB"
