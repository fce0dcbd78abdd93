"""Models over the wire, and the folders they come from."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import openai
import pytest

from lib.engine.models.bases import Bases, facts, root_of
from tests.engine.support import Running, eventually


def write_folder(path: Path, **config: object) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"max_position_embeddings": 512, **config}))
    tensors = {"__metadata__": {}, "a": {"shape": [2, 3]}, "b": {"shape": [4]}}
    header = json.dumps(tensors).encode()
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_only_folders_with_safetensors_are_offered(tmp_path: Path) -> None:
    write_folder(tmp_path / "good")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}")
    (pickled / "pytorch_model.bin").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("hi")
    assert [base.id for base in Bases(tmp_path).all()] == ["starter", "good"]
    assert [base.id for base in Bases(tmp_path / "missing").all()] == ["starter"]
    assert Bases(tmp_path).find("../good") is None


def test_a_folder_tells_its_size_and_context_from_its_headers(tmp_path: Path) -> None:
    told = facts(write_folder(tmp_path / "m", text_config={"max_position_embeddings": 99}))
    assert (told.parameters, told.context) == (10, 99)


@pytest.mark.parametrize(
    "weights", [b"", b"\xff" * 8, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 9) + b"not json!"]
)
def test_broken_weights_leave_the_size_unknown(tmp_path: Path, weights: bytes) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(weights)
    assert facts(folder).parameters is None


def test_the_root_of_a_tuned_model_is_read_from_its_name() -> None:
    assert root_of("ft:starter:tuneboard:a:b1:ckpt-step-4") == "starter"
    assert root_of("Qwen3-0.6B") == "Qwen3-0.6B"


def test_the_list_holds_bases_and_tuned_models_with_what_an_estimate_needs(engine: Running) -> None:
    base = write_folder(engine.home / "bases" / "tiny-base")
    (base / "tokenizer.json").write_text("{}")
    job = engine.wait(engine.create("steps=2").id)
    models = {model.id: model.model_extra["tuneboard"] for model in engine.client.models.list()}
    assert models["starter"]["base"]
    assert models["starter"]["tokens_per_second"] == 123.0
    assert models["starter"]["methods"] == ["supervised"], "what has learnt nothing prefers nothing"
    assert models["starter"]["auto_epochs"] == {"tokens": 675_000, "least": 3, "most": 12}
    assert (models["tiny-base"]["tokenizer"], models["tiny-base"]["parameters"]) == ("model", 10)
    assert models["tiny-base"]["tokenizer_path"] == str(base.resolve() / "tokenizer.json")
    assert models[job.fine_tuned_model] == {
        "base": False,
        "trainable": True,
        "tokens_per_second": 123.0,
        "overhead_seconds": 0.0,
        "measured": True,
        "auto_epochs": None,
        "tokenizer": "characters",
        "tokenizer_path": None,
        "parameters": 3,
        "context": 64,
        "architecture": None,
        "dtype": "F32",
        "width": None,
        "layers": None,
        "vocabulary": None,
        "methods": ["supervised", "dpo"],
        "format": "completion",
        "root": "starter",
        "job": job.id,
    }


def test_a_tuned_model_can_be_tuned_further(engine: Running) -> None:
    first = engine.wait(engine.create("steps=2").id)
    job = engine.client.fine_tuning.jobs.create(model=first.fine_tuned_model, training_file=first.training_file)
    done = engine.wait(job.id)
    assert done.fine_tuned_model.startswith("ft:starter:tuneboard:")
    spec = json.loads((engine.home / "jobs" / job.id / "spec.json").read_text())
    assert spec["base"] == {"kind": "folder", "path": str(engine.home / "jobs" / first.id / "model")}


def test_a_deleted_model_is_gone_with_its_weights(engine: Running) -> None:
    job = engine.wait(engine.create("steps=2", suffix="故事/one").id)
    name = job.fine_tuned_model
    assert engine.client.models.retrieve(name).id == name
    assert engine.client.models.delete(name).deleted
    assert not (engine.home / "jobs" / job.id / "model").exists()
    for again in (engine.client.models.retrieve, engine.client.models.delete):
        with pytest.raises(openai.NotFoundError):
            again(name)


def test_a_checkpoint_can_be_tuned_further(engine: Running) -> None:
    first = engine.wait(engine.create("steps=2").id)
    (checkpoint,) = engine.client.fine_tuning.jobs.checkpoints.list(first.id).data
    job = engine.client.fine_tuning.jobs.create(
        model=checkpoint.fine_tuned_model_checkpoint, training_file=first.training_file
    )
    assert engine.wait(job.id).fine_tuned_model.startswith("ft:starter:tuneboard:")
    spec = json.loads((engine.home / "jobs" / job.id / "spec.json").read_text())
    assert spec["base"]["path"] == str(engine.home / "jobs" / first.id / "checkpoints" / "step-2")


def test_a_model_that_a_waiting_job_starts_from_cannot_be_deleted(engine: Running) -> None:
    jobs, models = engine.client.fine_tuning.jobs, engine.client.models
    first = engine.wait(engine.create("steps=2").id)
    blocking = engine.create("steps=1000 pause=0.02")
    waiting = jobs.create(model=first.fine_tuned_model, training_file=first.training_file)
    with pytest.raises(openai.BadRequestError, match=waiting.id) as refusal:
        models.delete(first.fine_tuned_model)
    assert (refusal.value.code, refusal.value.param) == ("model_in_use", "model")
    jobs.cancel(waiting.id)
    jobs.cancel(blocking.id)
    assert models.delete(first.fine_tuned_model).deleted


def test_a_checkpoint_of_a_job_that_runs_cannot_be_deleted(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02")
    listed = engine.client.fine_tuning.jobs.checkpoints.list
    checkpoint = eventually(lambda: listed(job.id).data, bool)[0].fine_tuned_model_checkpoint
    with pytest.raises(openai.BadRequestError, match=job.id):
        engine.client.models.delete(checkpoint)
    engine.client.fine_tuning.jobs.cancel(job.id)
    assert engine.client.models.delete(checkpoint).deleted
    with pytest.raises(openai.NotFoundError):
        engine.client.models.retrieve(checkpoint)


def test_a_model_that_an_adapter_stands_on_cannot_be_deleted(engine: Running) -> None:
    first = engine.wait(engine.create("steps=1").id)
    job = engine.client.fine_tuning.jobs.create(model=first.fine_tuned_model, training_file=first.training_file)
    child = engine.wait(job.id)
    folder = engine.home / "jobs" / job.id / "model"
    (folder / "adapter_config.json").write_text("{}")
    base = str(engine.home / "jobs" / first.id / "model")
    (folder / "tuneboard.json").write_text(json.dumps({"base": base, "format": "completion"}))
    with pytest.raises(openai.BadRequestError, match=child.fine_tuned_model):
        engine.client.models.delete(first.fine_tuned_model)
    assert engine.client.models.delete(child.fine_tuned_model).deleted
    assert engine.client.models.delete(first.fine_tuned_model).deleted


def test_with_a_jobs_last_model_all_that_it_left_is_gone(engine: Running) -> None:
    job = engine.wait(engine.create("steps=4").id)
    folder = engine.home / "jobs" / job.id
    checkpoints = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data
    engine.client.models.delete(job.fine_tuned_model)
    assert engine.client.models.retrieve(checkpoints[0].fine_tuned_model_checkpoint)
    for checkpoint in checkpoints:
        assert folder.exists()
        engine.client.models.delete(checkpoint.fine_tuned_model_checkpoint)
    assert not folder.exists()
    assert engine.client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model == job.fine_tuned_model


def test_an_ended_job_keeps_its_models_and_checkpoints_and_nothing_large_beside_them(engine: Running) -> None:
    job = engine.create("steps=1000 pause=0.02")
    listed = engine.client.fine_tuning.jobs.checkpoints.list
    eventually(lambda: listed(job.id).data, bool)
    folder = engine.home / "jobs" / job.id
    assert (folder / f"{job.training_file}.jsonl").exists()
    (folder / "checkpoints" / "resume-7").mkdir()
    (folder / "checkpoints" / "step-2" / "state.pt").write_bytes(b"optimizer")
    engine.client.fine_tuning.jobs.cancel(job.id)
    checkpoints = folder / "checkpoints"
    for gone in (folder / f"{job.training_file}.jsonl", checkpoints / "resume-7", checkpoints / "step-2" / "state.pt"):
        eventually(gone.exists, lambda there: not there)
    assert (folder / "trainer.log").exists()
    assert engine.client.models.retrieve(listed(job.id).data[0].fine_tuned_model_checkpoint)


def test_a_base_cannot_be_deleted(engine: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="base model"):
        engine.client.models.delete("starter")


def test_an_id_with_slashes_is_looked_up_whole(engine: Running) -> None:
    with pytest.raises(openai.NotFoundError, match="org/model:x"):
        engine.client.models.retrieve("org/model:x")
