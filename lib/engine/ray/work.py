"""What each worker of a Ray cluster does for a job: a share of every batch, until the end or until it is told to stop.

Promises that what is wrong with the job itself ends it at once, while whatever a lost machine breaks goes to Ray, which
starts the workers anew; they go on from the newest state on the storage. Only the first worker writes events.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray import train as ray_train

from lib.engine.ray.staging import Staging
from lib.engine.training.__main__ import problem_of
from lib.engine.training.fetch import fetch
from lib.engine.training.report import Reporter, TrainingProblem
from lib.engine.training.spec import read_spec
from lib.engine.training.stop import STOPPED, Stop, Stopped

EVENTS = "events.jsonl"
HEAR_SECONDS = 0.5
OURS = ("out_of_memory", "storage_error")
"""Codes of what a new start would only repeat; anything else may be a neighbour that went away."""


class Wish(Stop):
    """The wish to stop in a process that belongs to Ray: nobody may end it but the loop."""

    def ask(self) -> None:
        self._asked.set()


class Bell:
    """An actor between driver and workers: the wish to stop goes one way, how it ended the other."""

    def __init__(self) -> None:
        self._rung = False
        self._end: dict[str, Any] | None = None

    def ring(self) -> None:
        """Ask the workers to stop."""
        self._rung = True

    def rung(self) -> bool:
        """Tell whether they are asked to."""
        return self._rung

    def close(self, end: dict[str, Any]) -> None:
        """Note how the job ended: its exit code, and the problem if there was one. The first to tell is believed."""
        self._end = self._end or end

    def end(self) -> dict[str, Any] | None:
        """Return how it ended."""
        return self._end


def work(config: dict[str, Any]) -> None:
    """Do one worker's part; `config` holds the job's `folder`, its `storage` (a URL, or empty) and the `bell`."""
    bell = config["bell"]
    if ray.get(bell.end.remote()):
        return
    first = ray_train.get_context().get_world_rank() == 0
    wish = Wish()
    threading.Thread(target=_listen, args=(bell, wish), daemon=True).start()
    with Staging.of(config["folder"], config["storage"]).borrowed(first) as folder:
        try:
            _train(folder, first, wish)
        except Stopped:
            end: dict[str, Any] = {"code": STOPPED}
        except TrainingProblem as problem:
            _give_up(bell, problem)
            raise
        except Exception as error:
            ours = problem_of(error)
            if ours.code in OURS:
                _give_up(bell, ours)
            raise
        else:
            end = {"code": 0}
    if first:
        ray.get(bell.close.remote(end))


def _train(folder: Path, first: bool, wish: Stop) -> None:
    from lib.engine.training.job import train  # noqa: PLC0415 - torch takes seconds; who only stops need not wait

    with Reporter(folder / EVENTS if first else Path(os.devnull)) as report:
        spec = read_spec(folder)
        if spec.hub and spec.base:
            fetch(spec.hub, spec.base, report)
        train(spec, report, wish)


def _give_up(bell: Any, problem: TrainingProblem) -> None:
    told = {"message": problem.message, "code": problem.code, "param": problem.param}
    ray.get(bell.close.remote({"code": 1, "problem": told}))


def _listen(bell: Any, wish: Stop) -> None:
    """Pass the wish on from the driver to the loop; the end of the process ends this too."""
    never = threading.Event()
    with suppress(ray.exceptions.RayError):  # the driver is gone, and Ray ends its workers
        while not ray.get(bell.rung.remote()):
            never.wait(HEAR_SECONDS)
        wish.ask()
