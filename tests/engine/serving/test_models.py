from __future__ import annotations

import os
from pathlib import Path

import pytest

from lib.engine.serving.models import Models
from lib.engine.serving.protocol import Refusal

from .conftest import make_folder


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    return [str(make_folder(tmp_path / name, seed)) for seed, name in enumerate("abc")]


def test_a_model_is_loaded_once_and_the_least_used_forgotten(folders: list[str]) -> None:
    a, b, c = folders
    models = Models(kept=2)
    first = models.get(a)
    second = models.get(b)
    assert models.get(a) is first
    models.get(c)
    assert models.get(a) is first
    assert models.get(b) is not second


def test_memory_limits_what_is_held_but_never_what_is_asked(folders: list[str]) -> None:
    a, b, _ = folders
    models = Models(memory=1)
    first = models.get(a)
    assert models.get(a) is first
    models.get(b)
    assert models.get(a) is not first


def test_a_model_that_changed_on_disk_or_was_forgotten_is_loaded_anew(folders: list[str]) -> None:
    models = Models()
    first = models.get(folders[0])
    os.utime(Path(folders[0]) / "model.safetensors", (1, 1))
    second = models.get(folders[0])
    assert second is not first
    models.forget(folders[0])
    assert models.get(folders[0]) is not second


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not there") as caught:
        Models().get(str(tmp_path / "gone"))
    assert caught.value.status == 404
