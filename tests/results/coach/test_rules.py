"""Every rule of the coach speaks on the curve that is its case, with numbers and a way out, and on no other."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pandas as pd
import pytest

from lib.datasets.recipe import Recipe
from lib.results import coach
from lib.results.coach import Case
from lib.results.course import Checkpoint, Course
from lib.results.metrics import from_events, parse_result_file

Curve = Callable[[int], float]


def table(steps: int, train: Curve, valid: Curve | None = None, every: int = 10) -> pd.DataFrame:
    return from_events(
        {"step": n, "train_loss": train(n), "valid_loss": valid(n) if valid and n % every == 0 else None}
        for n in range(1, steps + 1)
    )


def falling(n: int) -> float:
    return 0.5 + 3 * math.exp(-n / 40)


def codes(case: Case) -> list[str]:
    return [found.code for found in coach.findings(case)]


def only(case: Case) -> coach.Finding:
    (found,) = coach.findings(case)
    return found


def told(found: coach.Finding) -> str:
    return " ".join(note.text() for note in [found.what, *found.evidence])


def offers(found: coach.Finding) -> list[tuple[str, dict[str, object], str]]:
    return [(action.label.text(), action.changes, action.model) for action in found.actions]


def test_a_good_run_is_left_alone() -> None:
    assert codes(Case(table(200, falling, lambda n: falling(n) + 0.1), Course(epochs=3))) == []
    assert codes(Case(from_events([]))) == []


def test_overfitting_names_the_step_and_offers_its_checkpoint_and_fewer_epochs() -> None:
    frame = table(150, lambda n: 3 * math.exp(-n / 50), lambda n: 1 + abs(n - 60) / 100)
    points = (Checkpoint(50, "ft:c50"), Checkpoint(100, "ft:c100"), Checkpoint(60), Checkpoint(150, "ft:end"))
    found = only(Case(frame, Course(epochs=5, checkpoints=points)))
    assert found.code == "overfitting"
    assert "Averaged validation loss: 1 at step 60, 1.9 at step 150." in told(found)
    assert offers(found) == [
        ("Use the checkpoint of step 50", {}, "ft:c50"),
        ("Train again with 2 epochs", {"epochs": 2}, ""),
    ]
    assert offers(only(Case(frame, Course(epochs=1)))) == []


def test_underfitting_offers_twice_the_epochs_once_the_job_has_ended() -> None:
    frame = table(200, lambda n: 4 - n / 60)
    found = only(Case(frame, Course(epochs=3)))
    assert found.code == "underfitting"
    assert "gained" in told(found)
    assert offers(found) == [("Train again with 6 epochs", {"epochs": 6}, "")]
    assert codes(Case(frame, Course(epochs=3), ended=False)) == []


def test_divergence_offers_half_the_learning_rate() -> None:
    frame = table(200, lambda n: falling(n) if n < 80 else falling(80) + (n - 80) / 40)
    found = only(Case(frame, rate=2.0))
    assert found.code == "diverging"
    assert offers(found) == [("Train again with learning rate multiplier 1", {"learning_rate_multiplier": 1.0}, "")]


def test_a_loss_that_is_no_number_offers_a_quarter_of_the_learning_rate() -> None:
    rows = "".join(f"{n},{2 if n < 7 else 'nan'}\n" for n in range(1, 40))
    found = coach.findings(Case(parse_result_file(f"step,train_loss\n{rows}".encode())))[0]
    assert found.code == "broken"
    assert "2 at step 6" in told(found)
    assert found.actions[0].changes == {"learning_rate_multiplier": 0.25}
    empty = coach.findings(Case(parse_result_file(b"step,train_loss\n1,nan\n2,nan\n")))[0]
    assert "No step has" in told(empty)


def test_a_loss_that_jumps_and_comes_back_had_too_high_a_rate() -> None:
    frame = table(200, lambda n: falling(n) + (2 if 90 < n < 130 else 0))
    found = only(Case(frame, rate=1.0))
    assert found.code == "jumping"
    assert found.actions[0].changes == {"learning_rate_multiplier": 0.5}


def test_one_odd_batch_is_no_jump() -> None:
    assert codes(Case(table(240, lambda n: falling(n) + (20 if n == 77 else 0)), rate=1.0)) == []


def test_a_loss_that_hardly_moved_offers_a_higher_rate_or_more_epochs() -> None:
    found = only(Case(table(100, lambda n: 2.0 + 0.01 * (n % 3)), Course(epochs=2)))
    assert found.code == "still"
    assert [action.changes for action in found.actions] == [{"learning_rate_multiplier": 2.0}, {"epochs": 4}]


def test_a_loss_that_falls_in_a_flat_line_had_too_low_a_rate() -> None:
    found = coach.findings(Case(table(200, lambda n: 3 - n / 400), Course(epochs=30), rate=0.1))[0]
    assert found.code == "slow"
    assert [action.changes for action in found.actions] == [{"learning_rate_multiplier": 0.2}]


def test_too_few_steps_offers_epochs_for_a_hundred() -> None:
    found = only(Case(table(10, falling), Course(epochs=2)))
    assert found.code == "too_few"
    assert offers(found) == [("Train again with 20 epochs", {"epochs": 20}, "")]
    assert codes(Case(table(10, falling), ended=False)) == []


def test_validation_that_wavers_offers_a_larger_split() -> None:
    noise = random.Random(3)  # noqa: S311 - a curve, not a secret
    frame = table(300, falling, lambda n: 1 + noise.uniform(-0.6, 0.6))
    found = only(Case(frame, validation_fraction=0.1))
    assert found.code == "noisy_validation"
    assert found.actions[0].changes == {"validation_fraction": 0.2}
    assert only(Case(frame)).actions == []


def test_validation_far_below_training_is_suspected_of_leakage() -> None:
    found = only(Case(table(200, falling, lambda n: 0.3 * falling(n))))
    assert found.code == "leakage"
    assert "validation loss 0.178 on average, training loss 0.591" in told(found)


def test_answers_without_an_end_are_named_for_prompts_and_not_for_chats() -> None:
    frame = table(200, falling)
    assert codes(Case(frame, recipe=Recipe(format="completion", stop=""))) == ["unmarked"]
    assert codes(Case(frame, recipe=Recipe(format="completion", stop="###"))) == []
    assert codes(Case(frame, recipe=Recipe(format="chat", stop=""))) == []


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_makes_no_rule_speak(seed: int) -> None:
    noise = random.Random(seed)  # noqa: S311 - a curve, not a secret

    def train(n: int) -> float:
        return falling(n) + abs(noise.gauss(0, 0.25))

    def valid(n: int) -> float:
        return falling(n) + 0.3 + noise.gauss(0, 0.04)

    course = Course(epochs=3, checkpoints=(Checkpoint(100, "ft:c"),))
    assert codes(Case(table(300, train, valid), course, rate=1.0, validation_fraction=0.1)) == []


@pytest.mark.parametrize("data", [b"step,train_loss", b"step,classification/accuracy\n1,0.5", b"step,valid_loss\n1,2\n",
                                  b"step,train_loss\n0,0\n1,0\n", b"train_loss\n-1\n5\n"])  # fmt: skip
def test_odd_tables_are_no_crash(data: bytes) -> None:
    for found in coach.findings(Case(parse_result_file(data), Course(epochs=2))):
        assert told(found)
