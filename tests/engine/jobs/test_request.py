"""What a job may be asked: methods, knobs, integrations, and the refusals that name the field at fault."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.engine.support import KEY, Running, preference_data

AUTH = {"Authorization": f"Bearer {KEY}"}


def supervised(**knobs: object) -> dict[str, Any]:
    return {"type": "supervised", "supervised": {"hyperparameters": knobs}}


def dpo(**knobs: object) -> dict[str, Any]:
    return {"type": "dpo", "dpo": {"hyperparameters": knobs}}


def spec_of(engine: Running, job_id: str) -> dict[str, Any]:
    return json.loads((engine.home / "jobs" / job_id / "spec.json").read_text())


def test_a_dpo_job_learns_from_preferences(engine: Running, model: str) -> None:
    files, jobs = engine.client.files, engine.client.fine_tuning.jobs
    file = files.create(file=("p.jsonl", preference_data("steps=2")), purpose="fine-tune")
    job = jobs.create(model=model, training_file=file.id, method=dpo(beta=0.2, n_epochs=2))
    assert (job.method.type, job.method.dpo.hyperparameters.beta) == ("dpo", 0.2)
    assert job.method.supervised is None
    done = engine.wait(job.id)
    assert (done.status, done.method.dpo.hyperparameters.batch_size) == ("succeeded", 4)
    spec = spec_of(engine, job.id)
    assert (spec["method"], spec["hyperparameters"]["beta"]) == ("dpo", 0.2)


@pytest.mark.parametrize(("method", "plan"), [("dpo", ""), ("supervised", "preferences")])
def test_a_method_without_its_kind_of_examples_fails_the_job(
    engine: Running, model: str, method: str, plan: str
) -> None:
    content = preference_data() if plan else b'{"prompt": "a", "completion": "b"}\n' * 12
    file = engine.client.files.create(file=("x.jsonl", content), purpose="fine-tune")
    job = engine.client.fine_tuning.jobs.create(model=model, training_file=file.id, method={"type": method})
    failed = engine.wait(job.id)
    assert (failed.error.code, failed.error.param) == ("invalid_training_file", "training_file")
    assert f"the method '{method}' needs" in failed.error.message


def test_the_extra_knobs_reach_the_trainer_and_are_shown_as_they_are_used(engine: Running) -> None:
    knobs = {
        "n_epochs": 1,
        "lora": "auto",
        "lora_r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "lora_target_modules": ["q_proj", "v_proj"],
        "warmup_ratio": 0.1,
        "lr_scheduler": "linear",
        "weight_decay": 0,
        "max_grad_norm": 1.0,
        "packing": True,
        "context_length": 512,
        "gradient_checkpointing": False,
        "gradient_accumulation_steps": 2,
    }
    job = engine.create("steps=1", method=supervised(**knobs))
    assert job.method.supervised.hyperparameters.model_extra["lora"] == "auto"
    done = engine.wait(job.id)
    shown = done.method.supervised.hyperparameters
    assert (shown.n_epochs, shown.batch_size) == (1, 4)
    assert shown.model_extra == {key: value for key, value in knobs.items() if key != "n_epochs"} | {"lora": True}
    assert spec_of(engine, job.id)["hyperparameters"]["lora_r"] == 8


def test_null_means_auto_and_a_knob_nobody_turned_is_not_shown(engine: Running) -> None:
    job = engine.create("steps=1", method=supervised(n_epochs=None, batch_size="auto", packing=None))
    assert job.hyperparameters.model_dump() == {
        "n_epochs": "auto",
        "batch_size": "auto",
        "learning_rate_multiplier": "auto",
    }


def test_the_old_and_the_new_place_may_agree(engine: Running) -> None:
    job = engine.create("steps=1", hyperparameters={"n_epochs": 2}, method=supervised(n_epochs=2))
    assert job.hyperparameters.n_epochs == 2


def test_an_integration_is_shown_and_how_to_serve_it_is_told(engine: Running) -> None:
    wandb = {"project": "heroes", "tags": ["a"]}
    job = engine.create("steps=1", integrations=[{"type": "wandb", "wandb": wandb}])
    (shown,) = job.integrations
    assert (shown.wandb.project, shown.wandb.name, shown.wandb.tags) == ("heroes", None, ["a"])
    told = [event for event in engine.events(job.id) if event.level == "warn"]
    assert "WandbLogger.sync" in told[0].message
    assert job.id in told[0].message


def test_a_priority_is_kept(engine: Running) -> None:
    job = engine.create("steps=1", extra_body={"tuneboard": {"priority": -3}})
    assert job.model_extra["tuneboard"]["priority"] == -3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"method": {"type": "reinforcement", "reinforcement": {"grader": {}}}}, "method.type"),
        ({"method": {"type": "magic"}}, "method.type"),
        ({"method": {"type": "dpo", "supervised": {}}}, "method.supervised"),
        ({"method": supervised(beta=0.1)}, "method.supervised.hyperparameters.beta"),
        ({"method": dpo()}, "method.type"),
        ({"method": dpo(beta=0)}, "method.dpo.hyperparameters.beta"),
        ({"method": dpo(beta=2.1)}, "method.dpo.hyperparameters.beta"),
        ({"method": dpo(beta=True)}, "method.dpo.hyperparameters.beta"),
        ({"method": supervised(n_epochs=2), "hyperparameters": {"n_epochs": 3}}, "hyperparameters"),
        ({"hyperparameters": {"lora": "yes"}}, "hyperparameters.lora"),
        ({"hyperparameters": {"lora_r": 0}}, "hyperparameters.lora_r"),
        ({"hyperparameters": {"lora_r": 257}}, "hyperparameters.lora_r"),
        ({"hyperparameters": {"lora_alpha": 0}}, "hyperparameters.lora_alpha"),
        ({"hyperparameters": {"lora_dropout": 1}}, "hyperparameters.lora_dropout"),
        ({"hyperparameters": {"lora_target_modules": []}}, "hyperparameters.lora_target_modules"),
        ({"hyperparameters": {"lora_target_modules": ["a b"]}}, "hyperparameters.lora_target_modules.0"),
        ({"hyperparameters": {"warmup_ratio": 1}}, "hyperparameters.warmup_ratio"),
        ({"hyperparameters": {"lr_scheduler": "square"}}, "hyperparameters.lr_scheduler"),
        ({"hyperparameters": {"weight_decay": -1}}, "hyperparameters.weight_decay"),
        ({"hyperparameters": {"max_grad_norm": 0}}, "hyperparameters.max_grad_norm"),
        ({"hyperparameters": {"packing": "yes"}}, "hyperparameters.packing"),
        ({"hyperparameters": {"context_length": 4}}, "hyperparameters.context_length"),
        ({"hyperparameters": {"context_length": 2**20}}, "hyperparameters.context_length"),
        ({"method": supervised(context_length=2**20)}, "method.supervised.hyperparameters.context_length"),
        ({"hyperparameters": {"early_stopping_patience": 0}}, "hyperparameters.early_stopping_patience"),
        ({"hyperparameters": {"early_stopping_patience": 2}}, "hyperparameters.early_stopping_patience"),
        ({"method": dpo(early_stopping_patience=2)}, "method.dpo.hyperparameters.early_stopping_patience"),
        ({"hyperparameters": {"gradient_checkpointing": 1}}, "hyperparameters.gradient_checkpointing"),
        ({"hyperparameters": {"gradient_accumulation_steps": 0}}, "hyperparameters.gradient_accumulation_steps"),
        ({"hyperparameters": {"trust_remote_code": True}}, "hyperparameters.trust_remote_code"),
        ({"integrations": [{"type": "mlflow"}]}, "integrations.0.type"),
        ({"integrations": [{"type": "wandb"}]}, "integrations.0.wandb"),
        ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations.0.wandb.project"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p", "key": "k"}}]}, "integrations.0.wandb.key"),
        ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 6}, "integrations"),
        ({"tuneboard": {"priority": 11}}, "tuneboard.priority"),
        ({"tuneboard": {"nice": 1}}, "tuneboard.nice"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(engine: Running, fields: dict, param: str) -> None:
    body = {"model": "starter", "training_file": engine.upload()} | fields
    answer = httpx2.post(f"{engine.url}/v1/fine_tuning/jobs", json=body, headers=AUTH)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["message"]
