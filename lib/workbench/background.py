"""Work on large files in a process of its own, so that the page stays usable.

What is asked for has a key, made from all that the outcome depends on. Its progress and outcome are files under that
key in `settings().home`, so a reload, another tab or another server finds them, and what was asked twice is done once.
The process ends when it is done, when it is cancelled, or when the server that started it is gone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import psutil
from filelock import FileLock

from lib.config import ROOT
from lib.datasets.corrections import Corrections
from lib.datasets.errors import ReadingStopped
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.together import together
from lib.datasets.source import open_source
from lib.errors import TuneboardError
from lib.pricing.tokens import TokenModel
from lib.stored_files import file_path
from lib.workbench.background_files import folder, forget, place, read, spools, sweep, tell, write
from lib.workbench.errors import Stopped, WorkerDied, WorkerFailed
from lib.workbench.prepare import Prepared, prepare
from lib.workbench.report import Report
from lib.workbench.report_json import from_json, to_json
from lib.workbench.survey import survey
from lib.workbench.traits import Traits

TELL_EVERY = 0.2
"""Seconds between two notes of the progress."""
GRACE = 2.0
"""Seconds that a cancelled process has to end its helpers before it is killed."""

log = logging.getLogger(__name__)

_children: dict[str, subprocess.Popen[bytes]] = {}
"""What this process started, so that its end can be noticed."""


@dataclass(frozen=True)
class Spec:
    """What to do: look at a stored file, or write its examples. The outcome depends on this and nothing else."""

    what: Literal["survey", "prepare"]
    sha256: str
    name: str
    reading: dict[str, Any]
    """Keyword arguments of `open_source`: encoding, delimiter, sheet, header."""
    recipe: Recipe
    corrections: Corrections = field(default_factory=Corrections)
    model: TokenModel | None = None
    limit: int | None = None
    validation: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """Return the name of the outcome."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into this spec."""
        plain = {"what": self.what, "sha256": self.sha256, "name": self.name, "reading": self.reading}
        made = {"recipe": self.recipe.to_json(), "corrections": self.corrections.to_json(), "limit": self.limit}
        model = asdict(self.model) if self.model else None
        return plain | made | {"model": model, "validation": sorted(self.validation)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Spec:
        """Rebuild a spec."""
        made = {
            "recipe": Recipe.from_json(record["recipe"]),
            "corrections": Corrections.from_json(record["corrections"]),
            "model": TokenModel(**record["model"]) if record["model"] else None,
            "validation": frozenset(record["validation"]),
        }
        return cls(**{**record, **made})


@dataclass(frozen=True)
class Running:
    """The work goes on; `progress` is the part that is done, 0 to 1."""

    progress: float


@dataclass(frozen=True)
class Done:
    """The work is done: the report of a survey, or the file that was prepared."""

    report: Report | None = None
    prepared: Prepared | None = None


@dataclass(frozen=True)
class Failed:
    """The work could not be done."""

    error: TuneboardError


@dataclass(frozen=True)
class Gone:
    """Nobody works on it: it was never started, was cancelled, or its process went down with the server."""


State: TypeAlias = Running | Done | Failed | Gone


def start(spec: Spec) -> str:
    """Begin the work unless it is under way or done; return its key. What failed before is tried again."""
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(folder() / "start.lock"):
        sweep()
        if isinstance(state(spec.key), Running | Done):
            return spec.key
        forget(spec.key)
        path = place(spec.key, "spec")
        write(path, spec.to_json() | {"parent": os.getpid()})
        command = [sys.executable, "-m", "lib.workbench.background", str(path)]
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        _children[spec.key] = child
        tell(spec.key, 0.0, child.pid)
    return spec.key


def state(key: str) -> State:
    """Say how far the work with a key is."""
    child = _children.get(key)
    status = child.poll() if child else None
    if found := read(place(key, "outcome")):
        return outcome(found)
    told = read(place(key, "progress"))
    if told and status is None and process_of(told):
        return Running(told["progress"])
    if status:
        return Failed(WorkerDied(status=status))
    return Gone()


def cancel(key: str) -> None:
    """End the work with a key and all of its processes, and forget it unless it was done."""
    told = read(place(key, "progress"))
    process = process_of(told) if told else None
    if process:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            _gone, left = psutil.wait_procs([process], GRACE)
            for stubborn in left:
                stubborn.kill()
    child = _children.pop(key, None)
    if child:
        child.wait()
    if not place(key, "outcome").exists():
        forget(key)


def outcome(record: dict[str, Any]) -> State:
    """Return what an outcome on disk stands for."""
    if "error" in record:
        return Failed(TuneboardError.from_json(record))
    if "prepared" in record:
        prepared = record["prepared"]
        return Done(prepared=Prepared(**{**prepared, "path": Path(prepared["path"])}))
    return Done(report=from_json(record["report"]))


def process_of(told: dict[str, Any]) -> psutil.Process | None:
    """Return the process that tells its progress, if it still runs; another one may have its number by now."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(told["pid"])
        if process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= told["at"] + 1:
            return process
    return None


def main(path: str) -> None:
    """Do the work that a spec asks for, and leave the outcome beside it."""
    record = read(Path(path))
    if record is None:  # cancelled before it began
        return
    watch = Watch(record.pop("parent"))
    signal.signal(signal.SIGTERM, lambda _number, _frame: watch.end())
    if hasattr(os, "nice"):
        os.nice(10)  # the page comes first
    spec = Spec.from_json(record)
    teller = Teller(spec.key)
    try:
        found = do(spec, teller, watch)
    except (Stopped, ReadingStopped):
        return
    except TuneboardError as refusal:
        found = refusal.to_json()
    except Exception as fault:
        log.exception("Background work failed")
        found = WorkerFailed(detail=f"{type(fault).__name__}: {fault}").to_json()
    write(place(spec.key, "outcome"), found)


def do(spec: Spec, progress: Callable[[float], None], stop: Callable[[], bool]) -> dict[str, Any]:
    """Return the outcome as it is written."""
    lines = open_source(file_path(spec.sha256), spec.name, spools(), stop=stop, **spec.reading)
    source = together(lines, spec.recipe, spools())
    if spec.what == "prepare":
        out = place(spec.key, "jsonl")
        made = prepare(
            source,
            spec.recipe,
            out,
            corrections=spec.corrections,
            validation=spec.validation,
            progress=progress,
            stop=stop,
        )
        return {"prepared": asdict(made) | {"path": str(made.path)}}
    report = survey(
        source,
        spec.recipe,
        model=spec.model,
        limit=spec.limit,
        corrections=spec.corrections,
        validation=spec.validation,
        extra=(Traits,),
        progress=progress,
        stop=stop,
    )
    return {"report": to_json(report)}


class Watch:
    """Says when to stop: somebody ended us, or whoever started us is gone."""

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.ended = False
        self.looked = 0.0

    def end(self) -> None:
        """Stop at the next question."""
        self.ended = True

    def __call__(self) -> bool:
        if time.monotonic() - self.looked > 1:
            self.looked = time.monotonic()
            self.ended = self.ended or not psutil.pid_exists(self.parent)
        return self.ended


class Teller:
    """Notes the progress for others, not more often than they look."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.told = 0.0

    def __call__(self, progress: float) -> None:
        if time.monotonic() - self.told > TELL_EVERY:
            self.told = time.monotonic()
            tell(self.key, progress, os.getpid())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(sys.argv[1])
