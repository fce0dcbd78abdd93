from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from lib.engine.training import adapters, checkpoint, lora, starter
from lib.engine.training.job import train
from lib.engine.training.report import Metrics, Reporter, TrainingProblem
from lib.engine.training.spec import Spec

from .conftest import MakeJob, colour_records, events_of, run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make starters of a quarter of the width: the same code in a tenth of the time."""
    monkeypatch.setattr(starter, "WIDTH", 64)


class Killed(Exception):
    """Stands for a trainer that dies between two steps."""


class DiesAt(Reporter):
    """A reporter that kills the job when it has said a step."""

    def __init__(self, path: Path, step: int) -> None:
        super().__init__(path)
        self._step = step

    def metrics(self, metrics: Metrics) -> None:
        super().metrics(metrics)
        if metrics.step == self._step:
            raise Killed


def die_at(spec: Spec, step: int) -> None:
    with pytest.raises(Killed), DiesAt(spec.events, step) as report:
        train(spec, report)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


def test_a_starter_learns_a_small_task_and_becomes_a_plain_model_folder(make_job: MakeJob) -> None:
    spec = run(make_job(validation=colour_records(8), n_epochs=12))
    last = events_of(spec, "metrics")[-1]
    assert last["step"] == last["total_steps"] == 144
    assert last["train_loss"] < 0.1
    assert last["full_valid_mean_token_accuracy"] > 0.95
    model, tokenizer = AutoModelForCausalLM.from_pretrained(spec.output), AutoTokenizer.from_pretrained(spec.output)
    answer = model.generate(**tokenizer("blue 3 ->", return_tensors="pt"), do_sample=False, max_new_tokens=20)
    assert tokenizer.decode(answer[0], skip_special_tokens=True) == "blue 3 -> cold"
    assert json.loads((spec.output / "tuneboard.json").read_text()) == {"format": "completion", "base": "starter"}


def test_every_step_is_told_and_what_auto_came_to(make_job: MakeJob) -> None:
    spec = run(make_job(n_epochs=2))
    (resolved,) = events_of(spec, "resolved")
    metrics = events_of(spec, "metrics")
    assert [m["step"] for m in metrics] == list(range(1, resolved["total_steps"] + 1))
    assert resolved["hyperparameters"] == {
        "n_epochs": 2,
        "batch_size": 4,
        "learning_rate_multiplier": 1.0,
        "warmup_ratio": 0.03,
        "lr_scheduler": "cosine",
        "weight_decay": 0.1,
        "max_grad_norm": 1.0,
        "packing": False,
        "gradient_accumulation_steps": 1,
        "gradient_checkpointing": False,
        "context_length": 2048,
        "lora": False,
    }
    assert metrics[-1]["tokens"] == 2 * resolved["tokens_per_epoch"]
    assert all(m["valid_loss"] is None and m["full_valid_loss"] is None for m in metrics)
    (done,) = events_of(spec, "done")
    assert done["trained_tokens"] == metrics[-1]["tokens"]
    assert [c["epoch"] for c in events_of(spec, "checkpoint")] == [1, 2]


def test_the_checkpoint_with_the_lowest_validation_loss_becomes_the_model(make_job: MakeJob) -> None:
    contrary = [{"prompt": "red 1 ->", "completion": " cold"}]
    spec = run(make_job(validation=contrary, n_epochs=12))
    losses = {m["step"]: m["full_valid_loss"] for m in events_of(spec, "metrics") if m["full_valid_loss"] is not None}
    best = min(losses, key=lambda step: losses[step])
    assert best != max(losses)
    assert events_of(spec, "done")[0]["best_step"] == best
    kept = weights(spec.checkpoints / f"step-{best}")
    assert all(torch.equal(kept[name], tensor) for name, tensor in weights(spec.output).items())


def test_a_killed_job_resumes_to_what_it_would_have_become(make_job: MakeJob) -> None:
    whole = run(make_job("whole", validation=colour_records(8), n_epochs=3))
    broken = make_job("broken", validation=colour_records(8), n_epochs=3)
    die_at(broken, 30)
    run(broken)

    resumed_at = 24
    told = events_of(broken, "metrics")
    assert [m["step"] for m in told] == [*range(1, 31), *range(resumed_at + 1, 37)]
    by_step = {m["step"]: m for m in told}
    for expected in events_of(whole, "metrics"):
        found = by_step[expected["step"]]
        for name in ("tokens", "train_loss", "valid_loss", "full_valid_loss"):
            measured = expected[name] is not None
            assert found[name] == (pytest.approx(expected[name], rel=1e-4, abs=1e-5) if measured else None)
    ours, theirs = weights(broken.output), weights(whole.output)
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-4) for name in theirs)


def test_a_llama_folder_is_tuned_whole_when_it_is_small(make_job: MakeJob, llama: Path) -> None:
    spec = run(make_job(base=llama, learning_rate_multiplier=4, n_epochs=4))
    metrics = events_of(spec, "metrics")
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"] / 2
    before, after = weights(llama), weights(spec.output)
    assert all(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft asks by the old name
def test_a_larger_folder_gets_an_adapter_and_resumes_too(
    make_job: MakeJob, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "FULL_LIMIT", 0)
    chats: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": r["prompt"]}, {"role": "assistant", "content": r["completion"]}]}
        for r in colour_records(24)
    ]
    spec = make_job(base=llama, records=chats, n_epochs=3, learning_rate_multiplier=2)
    die_at(spec, 8)
    run(spec)
    metrics = events_of(spec, "metrics")
    assert [m["step"] for m in metrics][-1] == 18
    assert metrics[-1]["train_loss"] < metrics[0]["train_loss"]
    assert (spec.output / "adapter_model.safetensors").exists()
    assert json.loads((spec.output / "tuneboard.json").read_text()) == {"format": "chat", "base": str(llama)}
    assert adapters.load_model(spec.output).peft_config["default"].r == lora.RANK

    again = run(make_job("again", base=spec.output, records=chats, n_epochs=1))
    assert json.loads((again.output / "tuneboard.json").read_text())["base"] == str(llama)


def test_a_tuned_folder_can_be_tuned_on(make_job: MakeJob) -> None:
    first = run(make_job("first", n_epochs=4))
    second = run(make_job("second", base=first.output, n_epochs=1))
    assert events_of(second, "metrics")[0]["train_loss"] < events_of(first, "metrics")[0]["train_loss"] / 2
    assert checkpoint.newest(second.checkpoints) is None, "a job that is done needs no state"


def test_a_folder_with_pickled_weights_is_refused(make_job: MakeJob, llama: Path, tmp_path: Path) -> None:
    for file in llama.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(TrainingProblem, match="no safetensors"):
        run(make_job(base=tmp_path))


def test_examples_with_nothing_to_learn_are_refused_with_the_files_name(make_job: MakeJob) -> None:
    silent = [{"messages": [{"role": "user", "content": "a"}]}] * 10
    with pytest.raises(TrainingProblem) as caught:
        run(make_job(records=silent))
    assert caught.value.param == "training_file"
