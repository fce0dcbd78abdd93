"""The `starter` base: a small Qwen3-style decoder made from nothing but the user's own examples.

Knows the examples and the size of the machine's patience (about a minute), nothing about how it is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from lib.engine.training.data import Record

CONTEXT = 2_048
"""Longest example and answer, in tokens."""


def texts_of(records: Sequence[tuple[int, Record]]) -> list[str]:
    """Return every text in the records, to train a tokenizer on."""
    texts: list[str] = []
    for _, record in records:
        parts = record.get("messages") or [{"content": record.get("prompt")}, {"content": record.get("completion")}]
        texts += [part["content"] for part in parts if isinstance(part, dict) and isinstance(part.get("content"), str)]
    return texts


def make_model(tokenizer: PreTrainedTokenizerFast, seed: int, **shape: Any) -> Qwen3ForCausalLM:
    """Make the decoder with random weights; the same seed makes the same model."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=shape.get("layers", 2),
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen3ForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    return model
