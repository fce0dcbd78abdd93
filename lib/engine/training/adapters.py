"""Models in folders: load them safely, and decide whether all weights are tuned or a LoRA adapter beside them.

Promises that only safetensors are read and that no code in a folder runs. Serving loads through here too. Knows
nothing about examples.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from lib.engine.training.report import TrainingProblem

logging.disable_progress_bar()

FULL_LIMIT = 100_000_000
"""Models with fewer parameters are tuned whole: their optimizer state stays under 1 GB and nothing is lost by an
adapter's low rank. Larger ones get LoRA."""

LORA_RANK = 16


def device() -> torch.device:
    """Return the device to compute on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what the trainer noted about a folder it wrote; nothing for others."""
    note = folder / "tuneboard.json"
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}


def load_tokenizer(folder: Path) -> Any:
    """Load a tokenizer; refuse one that cannot tell where its tokens lie in the text."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast or tokenizer.eos_token_id is None:
        raise TrainingProblem(
            "The base model needs a tokenizer.json with an end-of-text token.", code="unsupported_model", param="model"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def is_adapter(folder: Path) -> bool:
    """Tell whether a folder holds an adapter instead of a whole model."""
    return (folder / "adapter_config.json").exists()


def load_model(folder: Path, *, trainable: bool = False) -> Any:
    """Load a whole model, or an adapter on top of its base."""
    if not list(folder.glob("*.safetensors")):
        raise TrainingProblem(
            f"{folder.name} holds no safetensors file; other formats are not loaded, as they may run code.",
            code="unsupported_model",
            param="model",
        )
    if is_adapter(folder):
        base = load_model(Path(facts_of(folder)["base"]))
        return PeftModel.from_pretrained(base, str(folder), is_trainable=trainable)
    return AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=_dtype(folder, trainable)
    )


def _dtype(folder: Path, trainable: bool) -> torch.dtype | str:
    """Return the precision to load in: 32 bits to tune small models whole, what the folder holds on a GPU."""
    return torch.float32 if trainable or device().type == "cpu" else "auto"


def prepare(model: Any) -> Any:
    """Make a loaded model ready to be tuned: whole when small, with a new LoRA adapter when not."""
    if isinstance(model, PeftModel) or count(model) < FULL_LIMIT:
        return model
    return get_peft_model(
        model,
        LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules="all-linear", task_type="CAUSAL_LM"),
    )


def count(model: Any) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
