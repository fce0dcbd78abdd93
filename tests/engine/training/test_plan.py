from __future__ import annotations

import pytest

from lib.engine.models.bases import STARTER_EPOCHS
from lib.engine.training.plan import FULL, Method, Size, auto_epochs, auto_rates, resolve
from lib.engine.training.spec import Hyperparameters


@pytest.mark.parametrize(
    ("examples", "epochs"), [(10, 10), (11, 9), (46, 3), (4, 25), (100, 3), (8_000, 3), (12_500, 2), (50_000, 1)]
)
def test_epochs_for_a_trained_base_follow_openais_rule(examples: int, epochs: int) -> None:
    assert auto_epochs(Method.FULL, examples, tokens=1) == epochs


def test_what_was_asked_is_kept() -> None:
    plan = resolve(Hyperparameters(5, 2, 0.5), Method.LORA, Size(7 * 10**9, examples=100, tokens=1_000))
    assert (plan.n_epochs, plan.batch_size, plan.learning_rate_multiplier) == (5, 2, 0.5)
    assert plan.rates.adamw == pytest.approx(1e-4)


def test_every_knob_that_was_used_is_told_by_the_name_of_the_wire() -> None:
    asked = Hyperparameters(lr_scheduler="linear", warmup_ratio=0.0, weight_decay=0.0, max_grad_norm=2.0, packing=True)
    told = resolve(asked, Method.FULL, Size(10**6, 100, 1_000), "dpo").told()
    assert told == {
        "n_epochs": 3,
        "batch_size": 4,
        "learning_rate_multiplier": 1.0,
        "beta": 0.1,
        "warmup_ratio": 0.0,
        "lr_scheduler": "linear",
        "weight_decay": 0.0,
        "max_grad_norm": 2.0,
        "packing": True,
        "gradient_accumulation_steps": 1,
    }
    assert "beta" not in resolve(Hyperparameters(), Method.FULL, Size(10**6, 100, 1_000)).told()


def test_larger_models_take_smaller_rates() -> None:
    rates = [FULL.at(parameters) for parameters in (2_000_000, 20_000_000, 500_000_000, 7_000_000_000, 70_000_000_000)]
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], rates[-1]) == pytest.approx((5e-4, 2e-5))
    assert auto_rates(Method.LORA, 10**9).adamw > auto_rates(Method.FULL, 10**9).adamw
    assert auto_rates(Method.FULL, 10**9, "dpo").adamw == pytest.approx(FULL.at(10**9) / 10)


def test_accumulated_batches_multiply_what_was_asked_and_divide_what_was_not() -> None:
    size = Size(10**7, 500, 10_000)
    asked = resolve(Hyperparameters(batch_size=2, gradient_accumulation_steps=4), Method.FULL, size)
    assert (asked.batch_size, asked.examples_a_step) == (2, 8)
    automatic = resolve(Hyperparameters(gradient_accumulation_steps=4), Method.FULL, size)
    assert (automatic.batch_size, automatic.examples_a_step) == (1, 4)


def test_a_batch_is_never_larger_than_the_data() -> None:
    assert resolve(Hyperparameters(batch_size=64), Method.SCRATCH, Size(10**6, 10, 99)).batch_size == 10


@pytest.mark.parametrize(
    ("examples", "length", "batch"), [(420, 320, 4), (2_000, 15, 16), (60, 100, 6), (12, 50, 1), (20_000, 500, 4)]
)
def test_a_starter_takes_small_steps_as_often_as_its_rule_says(examples: int, length: int, batch: int) -> None:
    plan = resolve(Hyperparameters(), Method.SCRATCH, Size(2 * 10**6, examples, examples * length))
    assert (plan.batch_size, plan.n_epochs) == (batch, STARTER_EPOCHS.reach(examples * length))


def test_a_starter_is_never_read_fewer_than_three_times() -> None:
    assert auto_epochs(Method.SCRATCH, 20_000, tokens=10**7) == 3
