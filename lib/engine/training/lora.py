"""LoRA: whether a base gets an adapter, and which one.

Knows a base's size and what was asked; reads no example and saves nothing.
"""

from __future__ import annotations

from typing import Any

from peft import LoraConfig, get_peft_model
from torch import nn
from transformers.pytorch_utils import Conv1D

from lib.engine.training.report import TrainingProblem
from lib.engine.training.spec import Hyperparameters

FULL_LIMIT = 100_000_000
"""Models with fewer parameters are tuned whole: their optimizer state stays under 1 GB and nothing is lost by an
adapter's low rank. Larger ones get LoRA."""

RANK = 16
KNOBS = ("lora_r", "lora_alpha", "lora_dropout", "lora_target_modules")


def wanted(asked: Hyperparameters, parameters: int, *, tuned: bool) -> bool:
    """Tell whether the job trains an adapter; `tuned` says that its base is one already, which then goes on."""
    return asked.lora if asked.lora is not None else tuned or parameters >= FULL_LIMIT


def adapt(model: Any, asked: Hyperparameters) -> Any:
    """Put a new adapter on a model.

    All linear layers but the head, whatever the architecture calls them, GPT-2's transposed ones included: LoRA on
    attention alone learns less (QLoRA, arXiv 2305.14314, figure 2). `alpha` is twice the rank. Tokens
    that are new to the model learn their embedding too.
    """
    rank = asked.lora_r or RANK
    names = _linear_names(model)
    targets = asked.lora_target_modules
    if targets and (lacking := [name for name in targets if not _matches(name, names)]):
        short = sorted({name.rsplit(".", 1)[-1] for name in names})
        raise TrainingProblem(
            f"The model has no layer '{lacking[0]}' for an adapter; it has {', '.join(short)}.",
            code="invalid_hyperparameters",
            param="hyperparameters.lora_target_modules",
        )
    chosen = [name for name in names if not targets or any(_matches(target, [name]) for target in targets)]
    return get_peft_model(
        model,
        LoraConfig(
            r=rank,
            lora_alpha=asked.lora_alpha or 2 * rank,  # type: ignore[arg-type]
            lora_dropout=asked.lora_dropout or 0.0,
            target_modules=chosen,
            trainable_token_indices=getattr(model, "new_tokens", None),
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
            task_type="CAUSAL_LM",
        ),
    )


def told(model: Any) -> dict[str, Any]:
    """Return the adapter's figures under the names of the wire."""
    config = model.peft_config["default"]
    return {
        "lora": True,
        "lora_r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "lora_target_modules": sorted({name.rsplit(".", 1)[-1] for name in config.target_modules}),
    }


def differing(asked: Hyperparameters, model: Any) -> list[str]:
    """Return which of the asked figures an adapter that goes on cannot take on: its shape is what it is."""
    has = told(model)
    return [name for name in KNOBS if (value := getattr(asked, name)) is not None and _plain(value) != has[name]]


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) else value


def _linear_names(model: Any) -> list[str]:
    """Return the full names of the layers that an adapter can sit on: all linear ones but the head."""
    head = model.get_output_embeddings()
    return [
        name for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D) and module is not head
    ]


def _matches(target: str, names: list[str]) -> bool:
    return any(name == target or name.endswith("." + target) for name in names)
