"""Where trainers may run: read from nvidia-smi, never from a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.config import Settings, settings
from lib.engine.__main__ import _trainers, main
from lib.engine.queue.devices import CPU, Gpu, find_devices, read_gpus, visible

TWO = "0, GPU-aaa, 81559, 80000\n1, GPU-bbb, 81559, 1000\n"


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for nvidia-smi that prints the file `told`."""
    program, told = tmp_path / "nvidia-smi", tmp_path / "told"
    program.write_text(f"#!/bin/sh\nexec cat {told}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return told


def test_a_machine_without_a_gpu_has_one_place_or_as_many_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_devices() == [CPU]
    assert find_devices(3) == [CPU] * 3


def test_each_gpu_is_a_place_that_sees_itself_alone(smi: Path) -> None:
    smi.write_text(TWO)
    first, second = find_devices()
    assert (first.name, second.name) == ("GPU 0", "GPU 1")
    assert second.environment == {"CUDA_VISIBLE_DEVICES": "GPU-bbb"}
    assert [device.gpu for device in find_devices(3)] == ["GPU-aaa", "GPU-bbb", "GPU-aaa"]


def test_only_the_gpus_that_the_engine_may_use_are_places(smi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi.write_text(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [device.name for device in find_devices()] == ["GPU 1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_devices() == [CPU]


def test_visible_devices_are_read_as_cuda_reads_them() -> None:
    gpus = [Gpu("0", "GPU-aaa", 1, 1), Gpu("1", "GPU-bbb", 1, 1)]
    assert visible(gpus, None) == gpus
    assert visible(gpus, "1,0") == gpus[::-1]
    assert visible(gpus, "GPU-b,7,0") == gpus[1:]


def test_memory_is_read_in_bytes_and_what_cannot_be_read_is_no_gpu(smi: Path) -> None:
    smi.write_text("0, GPU-aaa, 1000, 10\n1, GPU-bbb, [N/A], [N/A]\nsomething broke\n")
    assert read_gpus() == [Gpu("0", "GPU-aaa", 1000 * 1024**2, 10 * 1024**2)]


def test_a_cluster_has_as_many_places_as_told_and_none_of_this_machines_memory() -> None:
    trainers = _trainers(Settings(engine_ray="ray://head:10001", engine_ray_slots=3))
    assert [device.far for device in trainers.devices] == [True] * 3
    assert trainers.command[-1] == "lib.engine.ray"


def test_a_cluster_without_ray_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_RAY", "auto")
    monkeypatch.setattr("lib.engine.__main__.find_spec", lambda _name: None)
    settings.cache_clear()
    assert main(["--home", str(tmp_path)]) == 2
    settings.cache_clear()
    assert "requirements-ray.txt" in capsys.readouterr().err
