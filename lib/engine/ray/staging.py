"""Where workers of a cluster find a job's folder: on a path that all machines share, or on a store behind a URL.

On a shared path nothing is copied. With a URL (any that fsspec knows: s3://, gs://, file://, ...) the driver puts the
folder there, each worker works on a copy, and the first one brings back what it has written: events, then complete
checkpoints, `state.pt` last, so that whatever says it can be resumed from can be. Knows no Ray and no torch.
"""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from lib.engine.queue.trainer_process import EVENTS, cut_broken_end

STATE = "state.pt"
BRING_SECONDS = 1.0
SPEC, BASE, MODEL, CHECKPOINTS = "spec.json", "base", "model", "checkpoints"


class Staging:
    """A job's folder on a path that everyone shares."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    @staticmethod
    def of(folder: str, storage: str) -> Staging:
        """Return the staging of a job's folder."""
        return Stored(folder, storage) if storage else Staging(folder)

    def send(self) -> None:
        """Make the folder reachable for workers."""

    def fetch(self) -> None:
        """Bring what workers have written into the folder."""

    def forget(self) -> None:
        """Clear away what was sent."""

    @contextmanager
    def borrowed(self, first: bool) -> Iterator[Path]:
        """Hold the folder to work in; the first worker writes there."""
        if first:
            cut_broken_end(self.folder / EVENTS)
        yield self.folder


class Stored(Staging):
    """A job's folder on a store; the store holds it under the job's id."""

    def __init__(self, folder: str, storage: str) -> None:
        super().__init__(folder)
        self._fs, root = fsspec.core.url_to_fs(storage)
        self._there = f"{root.rstrip('/')}/{self.folder.name}"
        self._brought: dict[str, bool] = {}
        self._offset: int | None = None

    def send(self) -> None:
        """Put the job on the store, unless an earlier run of it has left it there, newer than what is here."""
        if self._fs.exists(f"{self._there}/{SPEC}"):
            return
        spec = json.loads((self.folder / SPEC).read_text("utf-8"))
        if spec["base"]["kind"] == "folder":
            self._put(Path(spec["base"]["path"]), BASE)
        (self.folder / EVENTS).touch()
        for path in sorted(self.folder.iterdir(), key=lambda path: path.name == SPEC):
            if path.name != MODEL:
                self._put(path, path.name)

    def fetch(self) -> None:
        """Append the complete lines that are new; the folder that a line tells of arrives before it."""
        self._fs.invalidate_cache()
        data = self._fs.cat_file(f"{self._there}/{EVENTS}")
        if self._offset is None:  # each line here was one line there, so their number tells how far it was read
            known = (self.folder / EVENTS).read_bytes().count(b"\n")
            self._offset = len(b"".join(data.splitlines(keepends=True)[:known]))
        with (self.folder / EVENTS).open("ab") as file:
            for line in data[self._offset : data.rfind(b"\n") + 1].splitlines(keepends=True):
                told = json.loads(line)
                if name := _folder_of(told):
                    self._get(name)
                    told |= {"path": str(self.folder / name)} if "path" in told else {}
                file.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")
                self._offset += len(line)

    def forget(self) -> None:
        """Take the job off the store."""
        self._fs.rm(self._there, recursive=True)

    @contextmanager
    def borrowed(self, first: bool) -> Iterator[Path]:
        """Hold a copy of the folder; what the first worker writes there is brought to the store as it comes."""
        with tempfile.TemporaryDirectory(prefix="tuneboard-") as scratch:
            here = Path(scratch) / self.folder.name
            self._fs.get(self._there, str(here), recursive=True)
            _point_at(here, self.folder)
            cut_broken_end(here / EVENTS)
            done = threading.Event()
            bringer = threading.Thread(target=self._keep_bringing, args=(here, done), daemon=True)
            if first:
                self._brought = {name: (here / name / STATE).exists() for name in _folders(here)}
                bringer.start()
            try:
                yield here
            finally:
                done.set()
                if first:
                    bringer.join()
                    self._bring(here)

    def _keep_bringing(self, here: Path, done: threading.Event) -> None:
        while not done.wait(BRING_SECONDS):
            self._bring(here)

    def _bring(self, here: Path) -> None:
        """Bring what is new: the events up to the first new folder, the folders, then the events that tell of them."""
        data = (here / EVENTS).read_bytes()
        lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
        ready = itertools.takewhile(lambda line: _folder_of(json.loads(line)) in (None, *self._brought), lines)
        self._fs.pipe(f"{self._there}/{EVENTS}", b"".join(ready))
        for name in _folders(here):
            if name not in self._brought:
                with suppress(FileNotFoundError):  # it was too old to be kept, and went while it was copied
                    self._put(here / name, name)
                self._brought[name] = (here / name / STATE).exists()
        self._fs.pipe(f"{self._there}/{EVENTS}", b"".join(lines))
        for name, has_state in list(self._brought.items()):
            if not (here / name).exists():
                self._fs.rm(f"{self._there}/{name}", recursive=True)
                del self._brought[name]
            elif has_state and not (here / name / STATE).exists():
                self._fs.rm(f"{self._there}/{name}/{STATE}")
                self._brought[name] = False

    def _put(self, path: Path, name: str) -> None:
        """Copy a file or a folder to the store, what makes a folder count as complete last."""
        files = [path] if path.is_file() else sorted(path.rglob("*"), key=lambda file: file.name == STATE)
        for file in files:
            if file.is_file():
                self._fs.makedirs(str(PurePosixPath(self._name(path, name, file)).parent), exist_ok=True)
                self._fs.put_file(str(file), self._name(path, name, file))

    def _name(self, path: Path, name: str, file: Path) -> str:
        return str(PurePosixPath(self._there, name, file.relative_to(path).as_posix()))

    def _get(self, name: str) -> None:
        """Copy a folder from the store, if it is still there; it appears complete or not at all."""
        target = self.folder / name
        if target.exists() or not self._fs.exists(f"{self._there}/{name}"):
            return
        part = target.with_name(f".{target.name}.partial")
        shutil.rmtree(part, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._fs.get(f"{self._there}/{name}", str(part), recursive=True)
        part.rename(target)


def _folders(here: Path) -> list[str]:
    """Return the complete folders that a trainer has written."""
    found = [f"{CHECKPOINTS}/{path.name}" for path in sorted((here / CHECKPOINTS).glob("[!.]*"))]
    return [*found, MODEL] if (here / MODEL).is_dir() else found


def _folder_of(told: dict[str, Any]) -> str | None:
    """Return the folder that an event line tells of."""
    match told["kind"]:
        case "checkpoint":
            return f"{CHECKPOINTS}/{Path(told['path']).name}"
        case "done":
            return MODEL
    return None


def _point_at(here: Path, before: Path) -> None:
    """Let the spec name the files where they are now."""
    spec = json.loads((here / SPEC).read_text("utf-8"))
    for key in ("training_file", "validation_file", "output"):
        if spec.get(key):
            spec[key] = str(here / Path(spec[key]).relative_to(before))
    if spec["base"]["kind"] == "folder":
        spec["base"]["path"] = str(here / BASE)
    (here / SPEC).write_text(json.dumps(spec, ensure_ascii=False), "utf-8")
