"""Answers written together say what each says alone, and what `transformers.generate` says."""

from __future__ import annotations

import random
import warnings
from dataclasses import replace
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, MistralConfig, PretrainedConfig, Qwen3Config

from lib.engine.serving.adapters import Base
from lib.engine.serving.batching import STRETCH, Rows, Turns, make_group
from lib.engine.serving.cache import can_share
from lib.engine.serving.models import Loaded

from .desk import Desk, ask, generated, write

SIZES: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"num_key_value_heads": 2, "max_position_embeddings": 1500}


def model_of(kind: str, loaded: Loaded) -> Any:
    """Make a model of that architecture with sharp random choices."""
    common: dict[str, Any] = {"vocab_size": len(loaded.tokenizer), "bos_token_id": None, "eos_token_id": None}
    configs: dict[str, PretrainedConfig] = {
        "llama": LlamaConfig(**common, **SIZES),
        "qwen": Qwen3Config(**common, **SIZES, head_dim=16),
        "gpt2": GPT2Config(**common, n_embd=64, n_layer=2, n_head=4, n_positions=1500),
        "sliding": MistralConfig(**common, **SIZES, sliding_window=8),
    }
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(configs["llama" if kind == "lora" else kind])
    for weight in model.parameters():
        if weight.dim() > 1:
            weight.data *= 8
    if kind == "lora":
        with warnings.catch_warnings():  # peft asks transformers in words that are going out of use
            warnings.simplefilter("ignore", FutureWarning)
            model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    return model.eval()


def base_of(model: Any) -> Base:
    return Base(model, size=1, threads=1, version=1, together=True)


@pytest.fixture(scope="module", params=["lfm2", "llama", "qwen", "gpt2", "lora"])
def kind(request: pytest.FixtureRequest, loaded: Loaded) -> Loaded:
    if request.param == "lfm2":
        return replace(loaded, ends=frozenset())
    model = model_of(request.param, loaded)
    assert can_share(model)
    return replace(loaded, base=base_of(model), ends=frozenset(), context=1500)


def prompts(count: int, vocabulary: int) -> list[list[int]]:
    dice = random.Random(5)  # noqa: S311 - no secret
    return [[dice.randrange(vocabulary) for _ in range(dice.randrange(1, 40))] for _ in range(count)]


def test_a_greedy_answer_equals_generate_token_for_token(kind: Loaded) -> None:
    for ids in prompts(4, len(kind.tokenizer)):
        assert write(kind, ask(temperature=0, max_tokens=40), ids).tokens == generated(kind, ids, 40)


def test_it_does_so_while_sixteen_others_come_and_go(kind: Loaded) -> None:
    asked = prompts(17, len(kind.tokenizer))
    desk, texts, lengths = Desk(kind), [], []
    for number, ids in enumerate(asked):
        lengths.append(5 + number * 23 % 60)
        texts.append(desk.add(ask(temperature=0, max_tokens=lengths[-1]), ids))
        desk.group.step()
    assert len(desk.group.answers) > 8
    desk.finish()
    assert [text.tokens for text in texts] == [
        generated(kind, ids, count) for ids, count in zip(asked, lengths, strict=True)
    ]


def test_the_same_seed_writes_the_same_text_whoever_else_is_writing(kind: Loaded) -> None:
    alone = write(kind, ask(seed=4, max_tokens=60))
    desk = Desk(kind)
    for number, ids in enumerate(prompts(16, len(kind.tokenizer))):
        desk.add(ask(seed=None, max_tokens=9 + 3 * number), ids)
    desk.group.step()
    text = desk.add(ask(seed=4, max_tokens=60))
    desk.finish()
    assert text == alone


def test_a_prompt_longer_than_what_is_written_joins_and_is_read_in_stretches(kind: Loaded) -> None:
    long = prompts(1, len(kind.tokenizer))[0] * 60
    long = long[: 2 * STRETCH + 7]
    assert len(long) > STRETCH
    desk = Desk(kind)
    short = desk.add(ask(temperature=0, max_tokens=300))
    desk.group.step()
    text = desk.add(ask(temperature=0, max_tokens=10), long)
    desk.finish()
    assert text.tokens == generated(kind, long, 10)
    assert short.tokens == write(kind, ask(temperature=0, max_tokens=300)).tokens


def test_a_model_whose_memory_cannot_be_joined_writes_in_turns(loaded: Loaded) -> None:
    model = model_of("sliding", loaded)
    assert not can_share(model)
    sliding = replace(loaded, base=base_of(model), ends=frozenset(), together=False)
    asked = prompts(4, len(loaded.tokenizer))
    desk = Desk(sliding, together=False)
    texts = [desk.add(ask(temperature=0), ids) for ids in asked]
    desk.finish()
    assert [text.tokens for text in texts] == [generated(sliding, ids, 30) for ids in asked]


def test_a_model_that_minds_the_company_is_found_out(loaded: Loaded) -> None:
    class Careless(torch.nn.Module):
        """Takes no notice of positions."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = model_of("gpt2", loaded)
            self.config, self.dtype, self.device = self.inner.config, self.inner.dtype, self.inner.device

        def forward(self, position_ids: Any = None, **rest: Any) -> Any:
            return self.inner(**rest)

    assert can_share(model_of("gpt2", loaded))
    assert not can_share(Careless())


def test_groups_are_made_as_asked(loaded: Loaded) -> None:
    assert isinstance(make_group(loaded, together=True), Rows)
    assert isinstance(make_group(loaded, together=False), Turns)
