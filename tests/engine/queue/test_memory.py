"""What a job will need is told before it starts; what does not fit is refused or waits."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lib.engine.app import Engine
from lib.engine.queue import memory
from lib.engine.queue.devices import CPU
from lib.engine.queue.memory import GIB, STARTER_SHAPE, Load, Room, Shape, TooLarge, judge, needed, room_on, shape_of
from tests.engine.support import KEY, TRAINER, WORKER, Running, eventually, run_here

LARGE = Shape(parameters=7_000_000_000, width=4_096, layers=32, vocabulary=32_000, context=4_096)
SHORT = Load({}, 100, 400)


def test_a_full_tuning_needs_far_more_than_lora() -> None:
    full, lora = (needed(LARGE, Load({"lora": lora}, 100, 400)) for lora in (False, True))
    assert 100 * GIB < full < 125 * GIB
    assert 26 * GIB < lora < 35 * GIB
    assert needed(LARGE, SHORT) == lora
    assert needed(LARGE, SHORT, on_gpu=True) < lora


def test_batch_length_pairs_and_checkpointing_count() -> None:
    def need(*, longest: int = 1_000, pairs: bool = False, **knobs: object) -> int:
        return needed(LARGE, Load(knobs, 100, longest, pairs))

    assert need(batch_size=8) > need(batch_size=2) > need(batch_size=1)
    assert need(longest=3_000) > need()
    assert need(longest=10**9) == need(longest=10**7), "the context bounds an example"
    assert need(context_length=64) < need()
    assert need(gradient_checkpointing=True) < need()
    assert need(pairs=True) > need()


def test_what_would_fill_half_of_the_memory_is_computed_anew_unless_that_is_forbidden() -> None:
    long = Load({}, 100, 3_000)
    kept, anew = needed(LARGE, long), needed(LARGE, replace(long, hyperparameters={"gradient_checkpointing": True}))
    assert needed(LARGE, long, free=10 * (kept - anew)) == kept
    assert needed(LARGE, long, free=kept - anew) == anew
    forbidden = replace(long, hyperparameters={"gradient_checkpointing": False})
    assert needed(LARGE, forbidden, free=kept - anew) == kept


def test_a_shape_is_read_from_headers(tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    for folder in (base, adapter):
        folder.mkdir()
        header = json.dumps({"w": {"dtype": "F32", "shape": [300, 20], "data_offsets": [0, 0]}}).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    config = {"hidden_size": 20, "num_hidden_layers": 3, "vocab_size": 300, "max_position_embeddings": 64}
    (base / "config.json").write_text(json.dumps(config))
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "tuneboard.json").write_text(json.dumps({"base": str(base)}))
    shape = Shape(6_000, 20, 3, 300, 64)
    assert shape_of(base) == shape
    assert shape_of(adapter) == replace(shape, tuned=True)
    assert shape_of(None) == STARTER_SHAPE
    (adapter / "tuneboard.json").write_text("{}")
    assert shape_of(adapter) is None


@pytest.mark.slow
def test_what_is_foretold_counts_as_the_trainer_does() -> None:
    from lib.engine.training import learner, lora

    assert (lora.FULL_LIMIT, lora.RANK) == (memory.FULL_LIMIT, memory.LORA_RANK)
    assert learner.LOGITS_LIMIT == memory.LOGITS_LIMIT


def test_the_room_is_what_the_tightest_control_group_leaves(tmp_path: Path) -> None:
    def group(path: Path, limit: str, used: int, cached: int = 0) -> None:
        path.mkdir(exist_ok=True)
        (path / "memory.max").write_text(f"{limit}\n")
        (path / "memory.current").write_text(f"{used}\n")
        (path / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")

    membership = tmp_path / "cgroup"
    membership.write_text("0::/pod/engine\n")
    group(tmp_path / "pod", "1000", 700, cached=300)
    group(tmp_path / "pod" / "engine", "max", 700)
    assert memory._cgroups(tmp_path, membership) == [Room(1000, 600)]
    assert memory.least([Room(5000, 400), Room(1000, 600)]) == Room(1000, 400)
    assert memory._cgroups(tmp_path, tmp_path / "missing") == []
    assert 0 < room_on(CPU).free <= room_on(CPU).total


def test_the_sentence_says_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "room_on", lambda _device: Room(64 * GIB, 6 * GIB))
    with pytest.raises(TooLarge, match=r"about 1\d\d GiB of memory, 64 GiB in all: use LoRA or a smaller batch"):
        judge(LARGE, Load({"lora": False}, 100, 400), CPU, 0)
    verdict = judge(LARGE, SHORT, CPU, 2 * GIB)
    assert not verdict.fits
    assert "4.0 GiB free: use a smaller batch" in verdict.complaint


@pytest.fixture
def tight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """An engine with two places on a machine with memory for one starter."""
    monkeypatch.setattr(memory, "room_on", lambda _device: Room(8 * GIB, needed(STARTER_SHAPE, SHORT) * 3 // 2))
    trainer = replace(TRAINER, devices=(CPU, CPU))
    yield from run_here(Engine(tmp_path, api_key=KEY, trainer=trainer, worker=WORKER), tmp_path, KEY)


def test_a_job_waits_for_the_memory_of_another(tight: Running) -> None:
    first, second = (tight.create("steps=1000 pause=0.02").id for _ in range(2))
    told = eventually(lambda: [event.message for event in tight.events(second) if "memory" in event.message], bool)
    assert "It waits until other jobs give memory back." in told[0]
    assert tight.client.fine_tuning.jobs.retrieve(second).status == "queued"
    tight.client.fine_tuning.jobs.cancel(first)
    tight.wait(second, lambda job: job.status == "running")
    tight.client.fine_tuning.jobs.cancel(second)


def test_a_job_that_can_never_fit_fails_with_a_sentence(tight: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "room_on", lambda _device: Room(1_000, 1_000))
    failed = tight.wait(tight.create("steps=1").id)
    assert (failed.status, failed.error.code) == ("failed", "insufficient_memory")
    assert "use LoRA or a smaller batch" in failed.error.message
