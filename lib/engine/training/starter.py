"""The `starter` base: a small decoder made from nothing but the user's own examples.

Knows the shape of the model and which texts its tokenizer learns from, nothing about how it is trained.

The shape is LFM2's: a gated short convolution, then causal attention, each with a feed-forward block. A model that
sees some hundred examples has no time to learn by attention what stands next to what; the convolution gives it that
from the first step. One run a row, two shared cores, 420 Chinese stories (44 held out), by characters, batches of 4:

| shape                                      | weights | epochs | held-out loss | accuracy | does what the prompt asks |
|--------------------------------------------|---------|--------|---------------|----------|---------------------------|
| Qwen3, 2 attention layers                  | 1.7 M   | 5      | 1.71          | 0.640    | 0.52                      |
| LFM2, attention + convolution              | 1.7 M   | 4      | 1.76          | 0.628    |                           |
| LFM2, convolution + attention, as here     | 1.7 M   | 4      | 1.62          | 0.651    | 0.50                      |
| the same                                   | 1.7 M   | 5      | 1.62          | 0.654    | 0.80                      |
| LFM2, convolution + 2 attention            | 2.3 M   | 4      | 1.61          | 0.653    | 0.22                      |
| LFM2, the two twice (1.8 times the time)   | 3.0 M   | 4      | 1.58          | 0.660    | 0.57                      |

"Does what the prompt asks" is the share of 60 sampled stories that name the hero's power (0.875 of the examples do); it
swings by a tenth between runs. Weight decay is 0.1, in the second row 0.01. On another split of the stories Qwen3
reached 0.645 and this shape 0.663. As a job, validation and checkpoints included, four epochs took 54 seconds beside
other work on the machine; alone, its steps run at 18,800 tokens a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, Lfm2Config, Lfm2ForCausalLM

from lib.engine.training.data import Record

WIDTH, HEAD = 256, 64
CONTEXT = 2_048
"""Longest example and answer, in tokens."""


def texts_of(records: Sequence[tuple[int, Record]]) -> list[str]:
    """Return every text in the records, to train a tokenizer on."""
    texts: list[Any] = []
    for _, record in records:
        messages = record.get("messages")
        if isinstance(messages, list):
            texts += [message.get("content") for message in messages if isinstance(message, dict)]
        else:
            texts += [record.get("prompt"), record.get("completion")]
    return [text for text in texts if isinstance(text, str)]


def make_model(tokenizer: Any, seed: int) -> Lfm2ForCausalLM:
    """Make the decoder with random weights; the same seed makes the same model."""
    torch.manual_seed(seed)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    model = Lfm2ForCausalLM(
        Lfm2Config(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            block_auto_adjust_ff_dim=False,
            layer_types=["conv", "full_attention"],
            num_hidden_layers=2,
            num_attention_heads=WIDTH // HEAD,
            num_key_value_heads=WIDTH // HEAD,
            max_position_embeddings=CONTEXT,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            tie_word_embeddings=True,
            **ends,
        )
    )
    model.generation_config = GenerationConfig(**ends)
    return model
