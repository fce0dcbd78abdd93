"""Whatever architecture a folder holds, and whatever it was before: what a job makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from lib.engine.training import adapters, starter
from lib.engine.training.report import TrainingProblem

from .conftest import MakeJob, events_of, messages_of, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning"),  # peft asks by the old name
]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "WIDTH", 64)


def used(spec: Any) -> dict[str, Any]:
    (resolved,) = events_of(spec, "resolved")
    return resolved["hyperparameters"]


def losses(spec: Any) -> list[float]:
    return [event["train_loss"] for event in events_of(spec, "metrics")]


@pytest.mark.parametrize(
    ("base", "layers"),
    [
        ("llama", {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
        ("qwen", {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}),
        ("gpt2", {"c_attn", "c_proj", "c_fc"}),
    ],
)
def test_an_adapter_sits_on_every_linear_layer_but_the_head(
    make_job: MakeJob, request: pytest.FixtureRequest, base: str, layers: set[str]
) -> None:
    folder = request.getfixturevalue(base)
    spec = run(make_job(base=folder, lora=True, lora_r=4, n_epochs=2, learning_rate_multiplier=2))
    told = used(spec)
    assert set(told["lora_target_modules"]) == layers
    assert (told["lora_r"], told["lora_alpha"], told["lora_dropout"]) == (4, 8, 0.0)
    assert sum(losses(spec)[-4:]) < sum(losses(spec)[:4])
    assert json.loads((spec.output / "tuneboard.json").read_text())["base"] == str(folder)


def test_the_layers_of_an_adapter_can_be_named_and_a_wrong_name_is_answered_with_the_right_ones(
    make_job: MakeJob, llama: Path
) -> None:
    spec = run(make_job(base=llama, lora=True, lora_target_modules=["q_proj", "v_proj"], n_epochs=1))
    assert used(spec)["lora_target_modules"] == ["q_proj", "v_proj"]
    with pytest.raises(TrainingProblem, match=r"no layer 'c_attn' .* it has down_proj, .* v_proj\."):
        run(make_job("wrong", base=llama, lora=True, lora_target_modules=["c_attn"]))


def test_a_full_model_goes_on_full_and_an_adapter_as_the_same_adapter(make_job: MakeJob, llama: Path) -> None:
    full = run(make_job("full", base=llama, n_epochs=1))
    assert not adapters.is_adapter(run(make_job("full2", base=full.output, n_epochs=1)).output)

    first = run(make_job("first", base=llama, lora=True, lora_r=4, n_epochs=4, learning_rate_multiplier=2))
    second = run(make_job("second", base=first.output, lora_r=8, n_epochs=1))
    assert used(second)["lora_r"] == 4
    assert "own adapter goes on as it is, so lora_r can't be changed" in messages_of(second)
    assert losses(second)[0] < losses(first)[0] - 0.5
    assert json.loads((second.output / "tuneboard.json").read_text())["base"] == str(llama)


def test_an_adapter_is_merged_where_all_weights_are_to_be_tuned(make_job: MakeJob, llama: Path) -> None:
    first = run(make_job("first", base=llama, lora=True, n_epochs=4, learning_rate_multiplier=2))
    second = run(make_job("second", base=first.output, lora=False, n_epochs=1))
    assert "merged into its own base" in messages_of(second)
    assert not adapters.is_adapter(second.output)
    assert losses(second)[0] < losses(first)[0] - 0.5


def test_a_tuned_full_model_can_get_an_adapter(make_job: MakeJob, llama: Path) -> None:
    full = run(make_job("full", base=llama, n_epochs=1))
    spec = run(make_job("lora", base=full.output, lora=True, n_epochs=1))
    assert json.loads((spec.output / "tuneboard.json").read_text())["base"] == str(full.output)


def test_a_starter_takes_no_adapter(make_job: MakeJob) -> None:
    with pytest.raises(TrainingProblem, match="starter has no weights for an adapter") as caught:
        run(make_job(lora=True))
    assert caught.value.param == "hyperparameters.lora"


def test_values_computed_anew_change_nothing_but_the_memory(make_job: MakeJob, llama: Path) -> None:
    kept = run(make_job("kept", base=llama, n_epochs=1, gradient_checkpointing=False))
    anew = run(make_job("anew", base=llama, n_epochs=1, gradient_checkpointing=True))
    assert (used(kept)["gradient_checkpointing"], used(anew)["gradient_checkpointing"]) == (False, True)
    assert losses(anew) == pytest.approx(losses(kept), rel=1e-3)


def test_packed_examples_teach_what_padded_ones_do(make_job: MakeJob, llama: Path) -> None:
    padded = run(make_job("padded", base=llama, n_epochs=1))
    packed = run(make_job("packed", base=llama, n_epochs=1, packing=True))
    assert used(packed)["packing"]
    assert losses(packed) == pytest.approx(losses(padded), rel=5e-3)


def test_a_model_that_looks_over_the_border_of_packed_examples_goes_without(make_job: MakeJob) -> None:
    spec = run(make_job(n_epochs=1, packing=True))
    assert not used(spec)["packing"]
    assert "can't keep packed examples apart" in messages_of(spec)


def test_a_step_gathers_as_many_batches_as_asked(make_job: MakeJob, llama: Path) -> None:
    whole = run(make_job("whole", base=llama, n_epochs=1, batch_size=8))
    parts = run(make_job("parts", base=llama, n_epochs=1, batch_size=2, gradient_accumulation_steps=4))
    assert used(parts)["batch_size"] == 2
    assert losses(parts) == pytest.approx(losses(whole), rel=5e-3)


def test_no_example_is_longer_than_the_context_asked_for(make_job: MakeJob, llama: Path) -> None:
    spec = run(make_job(base=llama, n_epochs=1, context_length=14))
    assert used(spec)["context_length"] == 14
    assert "longer than 14 tokens and were cut" in messages_of(spec)


def test_a_resumed_adapter_keeps_its_frozen_weights_frozen(make_job: MakeJob, llama: Path) -> None:
    spec = run(make_job(base=llama, lora=True, n_epochs=1))
    model = adapters.load_model(spec.output, trainable=True, dtype=torch.float32)
    assert {name.split(".")[-3] for name, weight in model.named_parameters() if weight.requires_grad} == {
        "lora_A",
        "lora_B",
    }


@pytest.mark.parametrize("adapter", [False, True])
def test_a_token_that_is_new_to_the_model_learns_its_embedding(
    make_job: MakeJob, llama: Path, tmp_path: Path, adapter: bool
) -> None:
    base = shutil.copytree(llama, tmp_path / "base")
    tokenizer = adapters.load_tokenizer(base)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|answer|>"]})
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}<|answer|>{% endfor %}"
    tokenizer.save_pretrained(base)
    new = tokenizer.convert_tokens_to_ids("<|answer|>")
    chats = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}] * 12
    spec = run(make_job(base=base, records=chats, lora=adapter, n_epochs=1))
    before, after = (
        adapters.load_model(folder).get_input_embeddings()(torch.tensor([new, 5])) for folder in (base, spec.output)
    )
    assert before.shape == after.shape
    assert not torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1]) is adapter, "an adapter leaves the others as they are"
    again = run(make_job("again", base=spec.output, records=chats, n_epochs=1))
    assert events_of(again, "done")
