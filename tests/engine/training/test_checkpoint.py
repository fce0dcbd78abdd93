from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lib.engine.training.checkpoint import STATE, Progress, newest, publish, save, write_folder


def fill(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"weights")


def saved(root: Path, steps: range, best: int = 0) -> None:
    for step in steps:
        save(root, Progress(step=step, best_step=best), [], fill)


def test_a_folder_that_could_not_be_completed_is_not_there(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_folder(tmp_path / "model", fail)
    assert not (tmp_path / "model").exists()
    write_folder(tmp_path / "model", fill)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_last_three_and_the_best_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, range(1, 8), best=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-2", "step-5", "step-6", "step-7"]


def test_only_the_newest_holds_the_state_of_the_optimizers(tmp_path: Path) -> None:
    saved(tmp_path, range(9, 12))
    assert [path.parent.name for path in tmp_path.glob(f"*/{STATE}")] == ["step-11"]


def test_a_job_resumes_where_its_newest_checkpoint_was_written(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    torch.manual_seed(3)
    save(tmp_path, Progress(step=5, tokens=50, seconds=1.5, best_loss=0.5, best_step=5), [], fill)
    resumed = newest(tmp_path)
    assert resumed is not None
    assert resumed.progress == Progress(step=5, tokens=50, seconds=1.5, best_loss=0.5, best_step=5)
    assert torch.equal(resumed.random, torch.get_rng_state())


def test_a_finished_model_holds_no_training_state(tmp_path: Path) -> None:
    saved(tmp_path / "checkpoints", range(1, 2))
    publish(tmp_path / "checkpoints" / "step-1", tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["model.safetensors"]
