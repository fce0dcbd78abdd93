"""SQLite's way of testing: fail at the first operation, at the second, and so on until nothing fails any more."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.engine.training.checkpoint import Progress, newest, save
from lib.engine.training.folders import is_full, remove_folder, write_folder

OPERATIONS = ("mkdir", "open", "write", "fsync", "close", "rename", "unlink", "rmdir", "scandir")


class PowerCut(BaseException):
    """Nothing runs after it."""


class Disk:
    """Counts the operations on the disk, and lets one fail: for itself, or as the last that ever happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, *, final: bool) -> None:
        self._at, self._final = at, final
        self.done = 0
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.done += 1
            if self._final and self.done >= self._at:
                raise PowerCut
            if self.done == self._at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return operation(*args, **options)

        return counted


def fill_with(text: bytes) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for name in ("config.json", "model.safetensors"):
            handle = os.open(folder / name, os.O_CREAT | os.O_WRONLY)
            os.write(handle, text)
            os.close(handle)

    return fill


def seen(root: Path) -> dict[str, set[bytes]]:
    """Return what each folder that shows holds; raise if a file of it is missing."""
    return {
        path.name: {(path / name).read_bytes() for name in ("config.json", "model.safetensors")}
        for path in root.iterdir()
        if not path.name.startswith(".")
    }


@pytest.mark.parametrize("final", [False, True], ids=["it fails", "the power goes"])
def test_whichever_operation_fails_a_checkpoint_is_complete_or_not_there(tmp_path: Path, final: bool) -> None:
    for at in itertools.count(1):
        root = tmp_path / str(at)
        for step in (1, 2, 3, 4):
            save(root, Progress(step=step, best_step=2), [], fill_with(b"%d" % step), {"step": step})
        before = seen(root)
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, at, final=final)
            try:
                save(root, Progress(step=5, best_step=5), [], fill_with(b"5"), {"step": 5})  # step 2 goes
            except (OSError, PowerCut):
                failed = True
            else:
                failed = False
        after = seen(root)
        assert {name: text for name, text in after.items() if name in before} == {
            name: text for name, text in before.items() if name in after
        }
        assert before.keys() - after.keys() <= {"step-2"}
        assert after.get("step-5", {b"5"}) == {b"5"}
        state = newest(root)
        assert state is not None
        assert state.progress.step == (5 if "step-5" in after else 4)
        save(root, Progress(step=6, best_step=5), [], fill_with(b"6"), {"step": 6})
        assert newest(root).progress.step == 6  # type: ignore[union-attr]
        if not failed and disk.done < at:
            break
    assert at > 20


@pytest.mark.parametrize("final", [False, True], ids=["it fails", "the power goes"])
def test_a_folder_in_place_of_another_is_the_old_one_or_the_new_one(tmp_path: Path, final: bool) -> None:
    for at in itertools.count(1):
        target = tmp_path / str(at) / "model"
        write_folder(target, fill_with(b"old"))
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, at, final=final)
            with contextlib.suppress(OSError, PowerCut):
                write_folder(target, fill_with(b"new"))
        assert seen(target.parent).get("model", {b"new"}) in ({b"old"}, {b"new"})
        write_folder(target, fill_with(b"newest"))
        assert seen(target.parent) == {"model": {b"newest"}}
        assert [path.name for path in target.parent.iterdir()] == ["model"]
        if disk.done < at:
            break


def test_a_folder_that_could_not_be_completed_leaves_its_room_to_others(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill_with(b"half")(folder)
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")

    with pytest.raises(OSError, match="No space left on device") as caught:
        write_folder(tmp_path / "model", fail)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_trouble_of_another_kind_stays_what_it_is(tmp_path: Path) -> None:
    def fail(_folder: Path) -> None:
        raise RuntimeError("weights that share memory")

    with pytest.raises(RuntimeError, match="share memory"):
        write_folder(tmp_path / "model", fail)
    assert not is_full(RuntimeError("weights"), tmp_path)


def test_a_removed_folder_is_gone_at_once(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", fill_with(b"old"))
    remove_folder(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
