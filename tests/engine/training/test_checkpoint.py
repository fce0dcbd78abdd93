from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import torch

from lib.engine.training.checkpoint import STATE, Progress, forget_states, newest, publish, save, set_chance


def fill(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"weights")


def saved(root: Path, steps: Iterable[int], best: int = 0) -> None:
    for step in steps:
        save(root, Progress(step=step, best_step=best), [], fill, {"step": step})


def rest(root: Path, step: int) -> None:
    save(root, Progress(step=step), [], fill)


def test_the_last_three_and_the_best_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, range(1, 8), best=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-2", "step-5", "step-6", "step-7"]


def test_only_the_newest_holds_the_state_of_the_optimizers(tmp_path: Path) -> None:
    saved(tmp_path, range(9, 12))
    assert [path.parent.name for path in tmp_path.glob(f"*/{STATE}")] == ["step-11"]


def test_a_job_resumes_where_its_newest_checkpoint_was_written(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    torch.manual_seed(3)
    random.seed(3)
    save(tmp_path, Progress(step=5, tokens=50, seconds=1.5, best_loss=0.5, best_step=5), [], fill, {"step": 5})
    expected = torch.rand(1), random.random()  # noqa: S311
    resumed = newest(tmp_path)
    assert resumed is not None
    assert resumed.progress == Progress(step=5, tokens=50, seconds=1.5, best_loss=0.5, best_step=5)
    assert resumed.metrics == {"step": 5}
    set_chance(resumed.chance)
    assert (torch.rand(1), random.random()) == expected  # noqa: S311


def test_a_resume_point_is_no_checkpoint_and_only_the_newest_state_is_kept(tmp_path: Path) -> None:
    saved(tmp_path, [4])
    rest(tmp_path, 5)
    rest(tmp_path, 6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resume-6", "step-4"]
    assert [path.parent.name for path in tmp_path.glob(f"*/{STATE}")] == ["resume-6"]
    assert newest(tmp_path).folder.name == "resume-6"  # type: ignore[union-attr]
    saved(tmp_path, [8])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-4", "step-8"]
    assert newest(tmp_path).folder.name == "step-8"  # type: ignore[union-attr]


def test_a_job_that_is_done_keeps_its_checkpoints_but_no_states(tmp_path: Path) -> None:
    saved(tmp_path, [4])
    rest(tmp_path, 6)
    forget_states(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [
        "step-4/model.safetensors"
    ]


def test_a_finished_model_holds_no_training_state(tmp_path: Path) -> None:
    saved(tmp_path / "checkpoints", range(1, 2))
    publish(tmp_path / "checkpoints" / "step-1", tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["model.safetensors"]
