"""Models in folders: load them safely, whole ones and LoRA adapters with their base.

Promises that only safetensors are read and that no code in a folder runs. Serving loads through here too. Knows
nothing about examples.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from lib.engine.training.precision import has_bf16
from lib.engine.training.report import TrainingProblem

logging.disable_progress_bar()


_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError)
"""What the libraries raise for a folder that is not what they expect."""


def device() -> torch.device:
    """Return the device to compute on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what the trainer noted about a folder it wrote; nothing for others."""
    note = folder / "tuneboard.json"
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}


def load_tokenizer(folder: Path) -> Any:
    """Load a tokenizer; refuse one that cannot tell where its tokens lie in the text."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except _BROKEN as problem:
        raise _unsupported(folder, problem) from problem
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


def load_model(folder: Path, *, trainable: bool = False, dtype: torch.dtype | None = None) -> Any:
    """Load a whole model, or an adapter on top of its base; `dtype` of None leaves the precision to `precision`."""
    weights = "adapter_model.safetensors" if is_adapter(folder) else "*.safetensors"
    if not list(folder.glob(weights)):
        raise TrainingProblem(
            f"{folder.name} holds no safetensors file; other formats are not loaded, as they may run code.",
            code="unsupported_model",
            param="model",
        )
    _check_index(folder)
    if is_adapter(folder):
        base = load_model(base_of(folder), dtype=dtype)
        return PeftModel.from_pretrained(base, str(folder), is_trainable=trainable)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype or precision(trainable=trainable),
        )
        return _with_all_tokens(model, folder)
    except _BROKEN as problem:
        raise _unsupported(folder, problem) from problem


@torch.no_grad()
def _with_all_tokens(model: Any, folder: Path) -> Any:
    """Give every token of the folder's tokenizer an embedding, also those added to it after the model was trained.

    A new one begins as the mean of the others: the same at each loading, so that an adapter finds the base it knew.
    """
    file = folder / "tokenizer.json"
    known = model.get_input_embeddings().weight.shape[0]
    needed = Tokenizer.from_file(str(file)).get_vocab_size(with_added_tokens=True) if file.exists() else 0
    if needed > known:
        model.resize_token_embeddings(needed, mean_resizing=False)
        for layer in filter(None, (model.get_input_embeddings(), model.get_output_embeddings())):
            layer.weight[known:] = layer.weight[:known].mean(0)
        model.new_tokens = list(range(known, needed))
    return model


def _check_index(folder: Path) -> None:
    """Refuse an index that names anything but safetensors files beside it: the library would open what it names."""
    for index in folder.glob("*.index.json"):
        named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if not all(name.endswith(".safetensors") and Path(name).name == name for name in named):
            message = f"{folder.name} can't be loaded: {index.name} names files that are not its safetensors."
            raise TrainingProblem(message, code="unsupported_model", param="model")


def base_of(folder: Path) -> Path:
    """Return the folder of an adapter's base as the trainer noted it; what the adapter's own file says is not read."""
    base = Path(facts_of(folder).get("base", ""))
    if not base.is_absolute() or is_adapter(base):
        raise TrainingProblem(
            f"{folder.name} is an adapter that was not made here: use a whole model.",
            code="unsupported_model",
            param="model",
        )
    return base


def precision(*, trainable: bool) -> torch.dtype | str:
    """Return the precision to load weights in: 32 bits where they are trained, what the folder holds on a GPU."""
    return torch.float32 if trainable or device().type == "cpu" else "auto"


def frozen_precision() -> torch.dtype:
    """Return the precision of weights under an adapter: 16 bits where a GPU has them, else 32."""
    short = device().type == "cuda" and has_bf16(device())
    return torch.bfloat16 if short else torch.float32


def _unsupported(folder: Path, problem: Exception) -> TrainingProblem:
    """Say why a folder cannot be loaded, on one line."""
    why = str(problem).strip().partition("\n")[0]
    return TrainingProblem(f"{folder.name} can't be loaded: {why}", code="unsupported_model", param="model")


def count(model: Any) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
