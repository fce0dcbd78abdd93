from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from lib.engine.training.precision import shorten_frozen

pytestmark = pytest.mark.filterwarnings(
    "ignore:.is_gradient_checkpointing.:FutureWarning"  # peft asks by the old name
)

IDS = torch.arange(1, 9).unsqueeze(0)


def adapted(*, tied: bool) -> torch.nn.Module:
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=32, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2
    )
    config.tie_word_embeddings = tied
    return get_peft_model(LlamaForCausalLM(config), LoraConfig(target_modules=["q_proj", "down_proj"]))


def learn(model: torch.nn.Module) -> tuple[torch.Tensor, list[torch.Tensor]]:
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=IDS).logits
    logits.float().logsumexp(-1).sum().backward()
    return logits, [weight.grad for weight in model.parameters() if weight.grad is not None]


def test_short_weights_change_no_bit_of_what_is_learned() -> None:
    for tied in (True, False):
        plain, short = adapted(tied=tied), adapted(tied=tied)
        shorten_frozen(short)
        (wanted, theirs), (logits, ours) = learn(plain), learn(short)
        assert torch.equal(logits, wanted)
        assert len(ours) == len(theirs) == 4
        assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))


def test_what_is_trained_or_added_up_stays_in_32_bits() -> None:
    model = adapted(tied=True)
    shorten_frozen(model)
    short = {name for name, weight in model.named_parameters() if weight.dtype == torch.bfloat16}
    assert short
    assert all("base_layer" in name or "_proj" in name for name in short)
    assert not any("lora_" in name or "embed" in name or "norm" in name for name in short)
