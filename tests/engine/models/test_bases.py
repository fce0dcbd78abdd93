from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from lib.engine.models.bases import STARTER, Bases, Facts, facts, is_model

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "vocab_size": 258,
    "max_position_embeddings": 512,
}


def make(folder: Path, config: dict[str, Any], **tensors: tuple[str, list[int]]) -> Path:
    """Make a folder with a configuration and a header of weights; there are no weights behind it."""
    folder.mkdir(parents=True)
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]} for name, (dtype, shape) in tensors.items()
    }
    raw = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw)
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_folder_tells_its_shape_by_its_headers_alone(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", CONFIG, a=("BF16", [10, 4]), b=("F32", [3]))
    assert facts(folder) == Facts(43, 512, "Qwen3ForCausalLM", "BF16", 64, 2, 258)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({"n_embd": 32, "n_layer": 3, "n_positions": 128, "vocab_size": 9}, (128, 32, 3, 9)),
        ({"text_config": {k: v for k, v in CONFIG.items() if k != "architectures"}}, (512, 64, 2, 258)),
        ({"hidden_size": "wide"}, (2048, None, None, None)),
    ],
)
def test_other_names_for_the_same_are_understood(tmp_path: Path, config: dict[str, Any], shape: Any) -> None:
    found = facts(make(tmp_path / "m", config, a=("F32", [2])))
    assert (found.context, found.width, found.layers, found.vocabulary) == shape


def test_an_adapter_has_its_bases_shape_and_its_own_weights(tmp_path: Path) -> None:
    base = make(tmp_path / "base", CONFIG, a=("BF16", [100]))
    adapter = make(tmp_path / "adapter", {}, lora=("F32", [5]))
    (adapter / "tuneboard.json").write_text(json.dumps({"base": str(base)}))
    found = facts(adapter)
    assert (found.parameters, found.architecture, found.context, found.dtype) == (5, "Qwen3ForCausalLM", 512, "BF16")


def test_a_broken_header_is_no_reason_to_stumble(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", CONFIG)
    (folder / "model.safetensors").write_bytes(b"\xff" * 9)
    assert (facts(folder).parameters, facts(folder).dtype) == (None, None)


def test_starter_is_always_there_and_learns_from_examples_only(tmp_path: Path) -> None:
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "config.json").write_text("{}")
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"")
    make(tmp_path / "whole", CONFIG)
    assert [base.id for base in Bases(tmp_path).all()] == [STARTER, "whole"]
    assert Bases(None).all()[0].facts.methods == ("supervised",)
    assert not is_model(tmp_path / "pickled")
