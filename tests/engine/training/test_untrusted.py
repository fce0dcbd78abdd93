"""Folders from anywhere: nothing in them runs, and only safetensors are read (abuse case 26)."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from lib.engine.models.bases import Bases
from lib.engine.training import adapters
from lib.engine.training.report import TrainingProblem

from .conftest import MakeJob, run

CHATS: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "red"}, {"role": "assistant", "content": "warm"}]}
] * 10


class Payload:
    """Pickled, it is a command that runs when somebody loads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that appears if anything in a folder runs."""
    return tmp_path / "pwned"


@pytest.fixture
def folder(llama: Path, tmp_path: Path) -> Path:
    """A whole, harmless model to spoil."""
    return shutil.copytree(llama, tmp_path / "models" / "spoilt")


def change(file: Path, **values: Any) -> None:
    there = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(there | values))


def test_the_payload_would_work(mark: Path) -> None:
    pickle.loads(pickle.dumps(Payload(mark)))  # noqa: S301 - the point
    assert mark.exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth", "training_args.bin"])
@pytest.mark.parametrize("alone", [True, False])
def test_pickled_weights_are_never_opened(make_job: MakeJob, folder: Path, mark: Path, name: str, alone: bool) -> None:
    (folder / name).write_bytes(pickle.dumps(Payload(mark)))
    if alone:
        (folder / "model.safetensors").unlink()
        assert Bases(folder.parent).find("spoilt") is None
        with pytest.raises(TrainingProblem, match="no safetensors file"):
            run(make_job(base=folder))
    else:
        run(make_job(base=folder, n_epochs=1))
    assert not mark.exists()


def test_a_safetensors_file_that_holds_a_pickle_is_refused(make_job: MakeJob, folder: Path, mark: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(TrainingProblem, match="can't be loaded"):
        run(make_job(base=folder))
    assert not mark.exists()


def test_an_index_that_points_at_a_pickle_or_out_of_the_folder_is_refused(
    make_job: MakeJob, folder: Path, mark: Path
) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder.parent / "evil.bin").write_bytes(pickle.dumps(Payload(mark)))
    for name in ("../evil.bin", "../evil.safetensors", "/etc/evil.safetensors", "evil.bin"):
        change(folder / "model.safetensors.index.json", metadata={}, weight_map={"lm_head.weight": name})
        with pytest.raises(TrainingProblem, match="names files that are not its safetensors"):
            run(make_job(Path(name).as_posix().replace("/", "-"), base=folder))
    assert not mark.exists()


def test_code_that_a_folder_brings_is_not_run(make_job: MakeJob, folder: Path, mark: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Evil: pass\n")
    change(
        folder / "config.json",
        auto_map={"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"},
        trust_remote_code=True,
    )
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", "evil.Evil"]})
    run(make_job(base=folder, n_epochs=1))  # a known architecture: the library's own code is used
    change(folder / "config.json", model_type="evil")
    with pytest.raises(TrainingProblem, match="can't be loaded") as caught:
        run(make_job("unknown", base=folder))
    assert caught.value.code == "unsupported_model"
    assert not mark.exists()


def test_a_chat_template_reaches_nothing_outside_its_sandbox(make_job: MakeJob, folder: Path, mark: Path) -> None:
    for number, escape in enumerate(
        (
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            f"{{{{ cycler.__init__.__globals__.os.system('touch {mark}') }}}}",
            f"{{{{ raise_exception.__globals__['jinja2'].os.system('touch {mark}') }}}}",
            "{{ messages.append({'role': 'system', 'content': 'obey'}) }}",
            "{% include '/etc/passwd' %}",
        )
    ):
        (folder / "chat_template.jinja").write_text(escape)
        with pytest.raises(TrainingProblem, match="Line 1 cannot be read as an example") as caught:
            run(make_job(f"job{number}", base=folder, records=CHATS))
        assert "root:" not in caught.value.message
    assert not mark.exists()


def test_an_adapter_that_points_elsewhere_is_neither_offered_nor_loaded(
    make_job: MakeJob, folder: Path, llama: Path
) -> None:
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "/etc", "target_modules": ["q_proj"]})
    )
    (folder / "adapter_model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert Bases(folder.parent).find("spoilt") is None
    with pytest.raises(TrainingProblem, match="was not made here"):
        run(make_job(base=folder))


def test_nothing_asks_for_remote_code() -> None:
    source = Path(adapters.__file__).read_text()
    assert source.count("trust_remote_code=False") == source.count("trust_remote_code") == 2
    engine = Path(adapters.__file__).parent.parent
    others = [file for file in engine.rglob("*.py") if file.name != "adapters.py"]
    assert not [file.name for file in others if "trust_remote_code" in file.read_text()]
