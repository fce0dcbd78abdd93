"""The places where trainers run: each GPU is one, and a machine without one is one as a whole.

Promises to start no library of a GPU: `nvidia-smi` is asked, and where it is not there, there is no GPU. A trainer sees
its own GPU only, by the `CUDA_VISIBLE_DEVICES` in its environment.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

VISIBLE = "CUDA_VISIBLE_DEVICES"
MIB = 1024 * 1024
_ASK_SECONDS = 20


@dataclass(frozen=True)
class Device:
    """One place for one trainer. `gpu` is the GPU's uuid; without one the trainer computes on the processor.

    What is `far` belongs to other machines: its memory is not ours to count.
    """

    name: str
    gpu: str | None = None
    far: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


CPU = Device("CPU")


@dataclass(frozen=True)
class Gpu:
    """What `nvidia-smi` tells of a GPU; memory in bytes."""

    index: str
    uuid: str
    total: int
    free: int


def find_devices(slots: int = 0) -> list[Device]:
    """Return a device for each GPU that this process may use, or one for the processor; `slots` sets their number.

    With more slots than GPUs several trainers share one.
    """
    gpus = visible(read_gpus(), os.environ.get(VISIBLE))
    places = [Device(f"GPU {gpu.index}", gpu.uuid, environment={VISIBLE: gpu.uuid}) for gpu in gpus] or [CPU]
    return [places[i % len(places)] for i in range(slots or len(places))]


def read_gpus() -> list[Gpu]:
    """Return this machine's GPUs; none if nothing can tell."""
    asked = ["nvidia-smi", "--query-gpu=index,uuid,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=_ASK_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [gpu for line in told.splitlines() if (gpu := _gpu(line))]


def _gpu(line: str) -> Gpu | None:
    try:
        index, uuid, total, free = (part.strip() for part in line.split(","))
        return Gpu(index, uuid, int(total) * MIB, int(free) * MIB)
    except ValueError:  # "[N/A]" for memory that is shared with the processor
        return None


def visible(gpus: list[Gpu], allowed: str | None) -> list[Gpu]:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` allows, in its order: indices, or uuids and their beginnings.

    The first entry that names no GPU ends the list, as CUDA has it.
    """
    if allowed is None:
        return gpus
    chosen: list[Gpu] = []
    for name in (part.strip() for part in allowed.split(",")):
        gpu = next((gpu for gpu in gpus if name and (gpu.index == name or gpu.uuid.startswith(name))), None)
        if gpu is None:
            break
        chosen.append(gpu)
    return chosen
