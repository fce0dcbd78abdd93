"""Models with random weights, in folders: what the worker does with them does not depend on what they learned."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from lib.engine.serving.models import Loaded, load
from lib.engine.training.checkpoint import save_model
from lib.engine.training.starter import make_model
from lib.engine.training.tokenizer import train_tokenizer

torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

TEXT = "唐朝的英雄会隐形，他打败了怪兽。故事很短。"


def make_folder(folder: Path, seed: int) -> Path:
    tokenizer = train_tokenizer([TEXT, TEXT])
    model = make_model(tokenizer, seed)
    for weight in model.parameters():
        weight.data *= 4  # sharper choices, so that answers do not hang on rounding
    words = model.get_input_embeddings().weight.data
    words[[i for i in range(len(words)) if len(tokenizer.decode([i])) != 1 or i < 256]] = 0  # it writes characters
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder, model, tokenizer, {"format": "completion", "base": "starter"})
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("models") / "tuned", seed=1)


@pytest.fixture(scope="session")
def loaded(folder: Path) -> Loaded:
    return load(folder)
