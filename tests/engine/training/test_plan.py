from __future__ import annotations

import pytest

from lib.engine.bases import STARTER_EPOCHS
from lib.engine.training.plan import Method, Size, auto_epochs, resolve
from lib.engine.training.spec import Hyperparameters


@pytest.mark.parametrize(
    ("examples", "epochs"), [(10, 10), (11, 9), (46, 3), (4, 25), (100, 3), (8_000, 3), (12_500, 2), (50_000, 1)]
)
def test_epochs_for_a_trained_base_follow_openais_rule(examples: int, epochs: int) -> None:
    assert auto_epochs(Method.FULL, examples, tokens=1) == epochs


def test_what_was_asked_is_kept() -> None:
    plan = resolve(Hyperparameters(5, 2, 0.5), Method.LORA, Size(10**9, examples=100, tokens=1_000))
    assert (plan.n_epochs, plan.batch_size, plan.learning_rate_multiplier) == (5, 2, 0.5)
    assert plan.rates.adamw == pytest.approx(1e-4)


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
