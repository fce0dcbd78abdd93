from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from lib.engine.serving.adapters import Base
from lib.engine.serving.models import Loaded, Models
from lib.engine.serving.protocol import Refusal
from lib.engine.training.adapters import load_model, load_tokenizer

from .conftest import make_folder
from .desk import Desk, ask, write

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft asks by the old name


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    return [str(make_folder(tmp_path / name, seed)) for seed, name in enumerate("abc")]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A base, then two adapters on it."""
    home = tmp_path_factory.mktemp("adapters")
    base = make_folder(home / "base", 1)
    made = [str(base)]
    for seed in (1, 2):
        torch.manual_seed(seed)
        config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
        folder = home / f"adapter{seed}"
        get_peft_model(load_model(base), config).save_pretrained(str(folder))
        load_tokenizer(base).save_pretrained(folder)
        (folder / "tuneboard.json").write_text(json.dumps({"base": str(base)}))
        made.append(str(folder))
    return made


def take(models: Models, folder: str) -> Loaded:
    """Get a model and give it back: it is held, but writes nothing."""
    loaded = models.get(folder)
    models.release(loaded)
    return loaded


def test_a_model_is_loaded_once_and_the_least_used_forgotten(folders: list[str]) -> None:
    a, b, c = folders
    models = Models(kept=2)
    first = take(models, a)
    second = take(models, b)
    assert take(models, a) is first
    take(models, c)
    assert take(models, a) is first
    assert take(models, b) is not second


def test_memory_limits_what_is_held_but_never_what_is_asked(folders: list[str]) -> None:
    a, b, _ = folders
    models = Models(memory=1)
    first = take(models, a)
    assert take(models, a) is first
    take(models, b)
    assert take(models, a) is not first


def test_what_writes_is_not_forgotten_for_want_of_room(folders: list[str]) -> None:
    a, b, c = folders
    models = Models(memory=1)
    writing = models.get(a)
    take(models, b)
    take(models, c)
    assert take(models, a) is writing
    models.release(writing)
    take(models, b)
    assert take(models, a) is not writing


def test_a_model_that_changed_on_disk_or_was_forgotten_is_loaded_anew(folders: list[str]) -> None:
    models = Models()
    first = take(models, folders[0])
    os.utime(Path(folders[0]) / "model.safetensors", (1, 1))
    second = take(models, folders[0])
    assert second is not first
    models.forget(folders[0])
    assert take(models, folders[0]) is not second


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not there") as caught:
        Models().get(str(tmp_path / "gone"))
    assert caught.value.status == 404


def test_adapters_share_their_base_and_write_what_each_writes_alone(tuned: list[str]) -> None:
    models = Models()
    held = [models.get(folder) for folder in tuned]
    assert len({id(loaded.base) for loaded in held}) == 1
    desks = [Desk(loaded) for loaded in held]
    texts = [desk.add(ask(seed=1)) for desk in desks]
    for _ in range(30):
        for desk in desks:
            desk.group.step()
    expected = []
    for folder in tuned:
        model = load_model(Path(folder))
        alone = Loaded(**vars(held[0]) | {"base": Base(model, size=1, threads=1, version=1, together=True)})
        expected.append(write(alone, ask(seed=1)))
    assert texts == expected
    assert len({text.text for text in texts}) == 3


def test_an_adapter_leaves_its_base_once_nobody_writes_with_it(tuned: list[str]) -> None:
    models = Models()
    base, first = take(models, tuned[0]), models.get(tuned[1])
    before = sum(weight.numel() for weight in base.model.parameters())
    models.forget(tuned[1])
    text = write(first, ask(seed=1))
    assert text.tokens
    models.release(first)
    assert sum(weight.numel() for weight in base.model.parameters()) < before
    assert write(take(models, tuned[1]), ask(seed=1)) == text


def test_an_adapter_that_may_run_code_is_refused(tuned: list[str], tmp_path: Path) -> None:
    shutil.copytree(tuned[1], tmp_path / "bad")
    (tmp_path / "bad" / "adapter_model.safetensors").rename(tmp_path / "bad" / "adapter_model.bin")
    with pytest.raises(Refusal, match="no safetensors"):
        Models().get(str(tmp_path / "bad"))
