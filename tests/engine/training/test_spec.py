from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib.engine.jobs.hyperparameters import DpoHyperparameters
from lib.engine.training.report import TrainingProblem
from lib.engine.training.spec import Hyperparameters, read_hyperparameters, read_spec

SPEC: dict[str, Any] = {"base": {"kind": "starter"}, "training_file": "/t", "output": "/o"}


def test_auto_is_left_to_the_plan_and_everything_else_is_kept() -> None:
    read = read_hyperparameters({"n_epochs": "auto", "lora": "auto", "beta": None, "lora_target_modules": ["q_proj"]})
    assert read == Hyperparameters(lora_target_modules=("q_proj",))
    assert read_hyperparameters({"packing": False, "weight_decay": 0}) == Hyperparameters(packing=False, weight_decay=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_epochs", 0),
        ("batch_size", True),
        ("learning_rate_multiplier", -1),
        ("beta", "strong"),
        ("lora_dropout", 1),
        ("lora_target_modules", []),
        ("lr_scheduler", "zigzag"),
        ("max_grad_norm", float("inf")),
        ("packing", "yes"),
        ("dropout", 0.1),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(TrainingProblem) as caught:
        read_hyperparameters({name: value})
    assert caught.value.param == f"hyperparameters.{name}"


def test_every_knob_of_the_wire_is_known_here() -> None:
    assert set(DpoHyperparameters.model_fields) == set(Hyperparameters.__dataclass_fields__)


@pytest.mark.parametrize("wrong", [{"base": {"kind": "url"}}, {"method": "reinforcement"}])
def test_a_base_or_method_that_does_not_exist_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC | wrong))
    with pytest.raises(TrainingProblem, match="Unknown"):
        read_spec(tmp_path)


def test_a_spec_without_a_method_is_supervised(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    assert read_spec(tmp_path).objective == "supervised"
