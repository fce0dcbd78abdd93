from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from lib.engine.models.fingerprint import BLOCK, BLOCKS, fingerprint


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def adapter_on(base: Path, folder: Path, weights: bytes = b"adapter") -> Path:
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "tuneboard.json").write_text(json.dumps({"base": str(base)}))
    return folder


def test_the_same_weights_have_the_same_mark_wherever_they_lie(base: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "elsewhere"))
    os.utime(copy / "model.safetensors", (1, 1))
    assert fingerprint(copy) == fingerprint(base)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_what_changes_answers_changes_the_mark(base: Path, name: str) -> None:
    before = fingerprint(base)
    (base / name).write_bytes(b"others!")
    os.utime(base / name, ns=(1, 1))
    assert fingerprint(base) != before


def test_an_adapter_is_marked_with_its_base(base: Path, tmp_path: Path) -> None:
    first = fingerprint(adapter_on(base, tmp_path / "a"))
    assert first == fingerprint(adapter_on(base, tmp_path / "b"))
    assert first != fingerprint(adapter_on(base, tmp_path / "c", b"others"))
    (base / "model.safetensors").write_bytes(b"another base")
    assert first != fingerprint(tmp_path / "a")


def test_a_large_file_is_read_at_its_head_and_in_even_steps(tmp_path: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(4 * BLOCK * BLOCKS)
    before = fingerprint(folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(4 * BLOCK * 100)
        file.write(b"moved")
    assert fingerprint(folder) != before
