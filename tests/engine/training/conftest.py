"""Small jobs that train in a second or two."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from lib.engine.training.job import train
from lib.engine.training.report import Reporter
from lib.engine.training.spec import Spec, read_spec

torch.set_num_threads(1)  # models this small gain nothing from more, and lose much where other tests run beside
os.environ["OMP_NUM_THREADS"] = "1"

COLOURS = {"red": "warm", "blue": "cold", "green": "calm", "grey": "dull"}


def colour_records(count: int = 48) -> list[dict[str, Any]]:
    """Return examples that a small model learns fully: a colour to its mood."""
    names = list(COLOURS)
    return [{"prompt": f"{names[i % 4]} {i % 7} ->", "completion": f" {COLOURS[names[i % 4]]}"} for i in range(count)]


def write_jsonl(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def events_of(spec: Spec, kind: str) -> list[dict[str, Any]]:
    lines = spec.events.read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


def messages_of(spec: Spec) -> str:
    return " ".join(event["message"] for event in events_of(spec, "message"))


def run(spec: Spec) -> Spec:
    with Reporter(spec.events) as report:
        train(spec, report)
    return spec


MakeJob = Callable[..., Spec]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Write a job folder and return its spec."""

    def make(
        name: str = "job",
        *,
        records: Sequence[dict[str, Any]] | None = None,
        validation: Sequence[dict[str, Any]] | None = None,
        base: Path | None = None,
        method: str = "supervised",
        **hyperparameters: Any,
    ) -> Spec:
        folder = tmp_path / name
        folder.mkdir()
        training = write_jsonl(folder / "train.jsonl", colour_records() if records is None else records)
        valid = write_jsonl(folder / "valid.jsonl", validation) if validation else None
        spec = {
            "job_id": f"ftjob-{name}",
            "base": {"kind": "folder", "path": str(base)} if base else {"kind": "starter"},
            "training_file": str(training),
            "validation_file": str(valid) if valid else None,
            "method": method,
            "hyperparameters": {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": "auto"} | hyperparameters,
            "seed": 7,
            "output": str(folder / "model"),
        }
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return read_spec(folder)

    return make


def make_base(folder: Path, config: PreTrainedConfig) -> Path:
    """Make a tiny model with random weights, and a byte tokenizer with a begin token and no chat template."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: i for i, word in enumerate(["<s>", "</s>", *alphabet])}
    backend = Tokenizer(models.BPE(words, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


SIZES: dict[str, Any] = {
    "vocab_size": 258,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
}


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("models") / "tiny-llama", LlamaConfig(**SIZES))


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("models") / "tiny-qwen", Qwen3Config(**SIZES, head_dim=32))


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2's shape: its linear layers are transposed, its positions learnt, its sizes named in its own way."""
    config = GPT2Config(vocab_size=258, n_positions=256, n_embd=64, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=1)
    return make_base(tmp_path_factory.mktemp("models") / "tiny-gpt2", config)
