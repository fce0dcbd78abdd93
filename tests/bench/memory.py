"""The memory that jobs take at their peak, beside what was foretold: `python -m tests.bench memory`.

Each row trains a real model with random weights for a few steps, in a process of its own, on the processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.config import ROOT
from lib.engine.queue.memory import Load, needed, shape_of
from lib.engine.queue.memory import measure as lines_of
from tests.bench.figures import Figure

MIB = 1024**2
SIZES = {"20M": (384, 6), "100M": (768, 10)}
"""Width and layers of Llama-style models with a vocabulary of 32,000."""


def measure() -> Iterator[Figure]:
    """Train each model for a moment, and compare."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        yield _row(folder, "starter", None, {})
        for name, (width, layers) in SIZES.items():
            base = _make(folder / name, width, layers)
            for kind in ("full", "LoRA"):
                yield _row(folder, f"{name} {kind}", base, {"lora": kind == "LoRA", "batch_size": 4})


def _row(folder: Path, name: str, base: Path | None, knobs: dict[str, Any]) -> Figure:
    job = folder / name.replace(" ", "-")
    job.mkdir(parents=True)
    train = job / "train.jsonl"
    train.write_text("".join(json.dumps(_example(i)) + "\n" for i in range(16)))
    knobs = {"n_epochs": 1} | knobs
    spec = {
        "job_id": name,
        "base": {"kind": "folder", "path": str(base)} if base else {"kind": "starter"},
        "training_file": str(train),
        "hyperparameters": knobs,
        "seed": 1,
        "output": str(job / "model"),
    }
    (job / "spec.json").write_text(json.dumps(spec))
    shape = shape_of(base)
    assert shape
    foretold = needed(shape, Load(knobs, *lines_of(train)))
    return Figure(
        f"memory of {name}", _peak(job) / MIB, foretold / MIB, "MiB", "foretold (ratio: measured of foretold)"
    )


def _example(number: int) -> dict[str, str]:
    """Return a record that fills the context: how many tokens a byte makes is not what is measured here."""
    words = " ".join(f"word{number * 7 + i} is here" for i in range(600))
    return {"prompt": f"Tell me about {number}.", "completion": f" {words}"}


def _peak(job: Path) -> int:
    """Train, and return the most memory that the process held."""
    with (job / "log").open("wb") as log:
        command = [sys.executable, "-m", "lib.engine.training", str(job)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((job / "events.jsonl").read_text("utf-8").splitlines()[-1])
    return usage.ru_maxrss * 1024


def _make(folder: Path, width: int, layers: int) -> Path:
    """Write a Llama-style model with random weights, in a process that pays for torch."""
    code = (
        "import sys, torch; from transformers import LlamaConfig, LlamaForCausalLM\n"
        "from lib.engine.training.tokenizer import train_tokenizer\n"
        "folder, width, layers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
        "tokenizer = train_tokenizer([f'word{i} is here, tell me about it' for i in range(500)])\n"
        "LlamaForCausalLM(LlamaConfig(vocab_size=32000, hidden_size=width, intermediate_size=3 * width,\n"
        "    num_hidden_layers=layers, num_attention_heads=width // 64, max_position_embeddings=1024,\n"
        "    tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id)).save_pretrained(folder)\n"
        "tokenizer.save_pretrained(folder)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(width), str(layers)], check=True, cwd=ROOT)
    return folder
