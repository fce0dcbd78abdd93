"""`/v1/models`: the bases, the tuned models and the checkpoints that can still be asked.

Promises one `Model` for every id that training or generation may name. Each object carries a `tuneboard` key with
what an estimate needs; other clients skip it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.engine.door.projects import project_of
from lib.engine.errors import invalid, no_model
from lib.engine.models.bases import (
    OVERHEAD_SECONDS,
    STARTER,
    STARTER_EPOCHS,
    Base,
    Bases,
    Facts,
    facts,
    model_format,
    root_of,
    usual_speed,
)
from lib.engine.models.permissions import may_ask
from lib.engine.models.removal import clear_job, job_folder, remove_model
from lib.engine.paging import list_response
from lib.engine.store import Store
from lib.engine.tables import CheckpointRow, JobRow, ModelRow, SpeedRow

Tuned = Row[str, int, str, str | None, str]
Speed = Row[str, float, float]
_TUNED = select(ModelRow.id, ModelRow.created_at, ModelRow.path, ModelRow.format, ModelRow.job_id)
_SPEEDS = select(SpeedRow.base, SpeedRow.tokens_per_second, SpeedRow.overhead_seconds)
"""Columns in place of rows, which a list of thousands would spend most of its time on."""


@dataclass(frozen=True)
class Model:
    """A model under its public id. `path` is None for `starter`, which has no weights of its own."""

    id: str
    created: int
    root: str
    path: Path | None
    facts: Facts
    format: str | None = None
    job: str | None = None
    hub: str | None = None

    @property
    def is_base(self) -> bool:
        """Tell whether this is a base as it came."""
        return self.job is None

    def spec(self) -> dict[str, str]:
        """Return what the trainer is told when a job starts from this model."""
        if self.path is None:
            return {"kind": STARTER}
        return {"kind": "folder", "path": str(self.path)} | ({"hub": self.hub} if self.hub else {})


class Models:
    """The catalogue and its routes. `forget` tells the inference worker to drop a folder."""

    def __init__(self, store: Store, bases: Bases, forget: Callable[[str], None]) -> None:
        self._store = store
        self._bases = bases
        self._forget = forget

    def routes(self) -> list[Route]:
        """Return the routes under `/v1/models`; ids hold colons and slashes."""
        return [
            Route("/v1/models", self.list, methods=["GET"]),
            Route("/v1/models/{model:path}", self.retrieve, methods=["GET"]),
            Route("/v1/models/{model:path}", self.delete, methods=["DELETE"]),
        ]

    def find(self, model: str, project: str) -> Model | None:
        """Return the model of that id that a project may ask: a base, its own, or one that it is permitted."""
        if base := self._bases.find(model):
            return _of_base(base)
        with self._store.reading() as session:
            tuned = _TUNED.where(ModelRow.id == model, may_ask(project, ModelRow.project, ModelRow.id))
            if row := session.execute(tuned).first():
                return _of_row(row)
            return _of_checkpoint(session, model, project)

    def is_known(self, model: str, project: str) -> bool:
        """Tell whether a project may ask a model of that id."""
        return self.find(model, project) is not None

    def list(self, request: Request) -> Response:
        """List the bases, then the tuned models, newest first."""
        with self._store.reading() as session:
            known = _TUNED.where(may_ask(project_of(request), ModelRow.project, ModelRow.id))
            rows = session.execute(known.order_by(ModelRow.seq.desc())).all()
            speeds = {speed.base: speed for speed in session.execute(_SPEEDS)}
        models = [model_object(model, speeds.get(model.root)) for model in map(_of_base, self._bases.all())]
        tuned = [text for row in rows if (text := _listed(row, speeds.get(root_of(row.id))))]
        return list_response([*map(json.dumps, models), *tuned])

    def retrieve(self, request: Request) -> Response:
        """Return one model object."""
        name = request.path_params["model"]
        model = self.find(name, project_of(request))
        if model is None or model.hub:  # whether the hub has it, only the download will show
            raise no_model(name)
        with self._store.reading() as session:
            speed = session.execute(_SPEEDS.where(SpeedRow.base == model.root)).first()
        return JSONResponse(model_object(model, speed))

    def delete(self, request: Request) -> Response:
        """Delete a tuned model or a checkpoint with its weights; with a job's last one goes all that the job left."""
        name = request.path_params["model"]
        if self._bases.find(name):
            raise invalid(f"'{name}' is a base model: it can't be deleted here.", "model")
        folder = remove_model(self._store, name, project_of(request))
        self._forget(str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        clear_job(self._store, job_folder(folder))
        return JSONResponse({"id": name, "object": "model", "deleted": True})


def _of_base(base: Base) -> Model:
    return Model(base.id, base.created, base.id, base.path, base.facts, hub=base.hub)


def _listed(row: Tuned, speed: Speed | None) -> str | None:
    """Return a tuned model's object as JSON, None if its folder is gone; made once, for lists of thousands."""
    try:
        changed = os.stat(row.path).st_mtime_ns  # noqa: PTH116 - half the time of a list goes into making `Path`s
    except OSError:
        return None
    return _object_text(row, changed, speed)


@lru_cache(maxsize=8192)
def _object_text(row: Tuned, _changed: int, speed: Speed | None) -> str | None:
    model = _of_row(row)
    return json.dumps(model_object(model, speed), ensure_ascii=False) if model else None


def _of_row(row: Tuned) -> Model | None:
    path = Path(row.path)
    if not path.is_dir():
        return None
    return Model(row.id, row.created_at, root_of(row.id), path, facts(path), row.format, row.job_id)


def _of_checkpoint(session: Session, name: str, project: str) -> Model | None:
    named = select(CheckpointRow).join(JobRow, JobRow.id == CheckpointRow.job_id).where(CheckpointRow.model == name)
    row = session.scalar(named.where(may_ask(project, JobRow.project, CheckpointRow.model)))
    if row is None or not Path(row.path).is_dir():
        return None
    path = Path(row.path)
    return Model(name, row.created_at, root_of(name), path, facts(path), model_format(path), row.job_id)


def model_object(model: Model, speed: Speed | None) -> dict[str, Any]:
    """Return OpenAI's model object, with what the dashboard wants to know beside it."""
    tokenizer = _tokenizer(model)
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": "tuneboard",
        "tuneboard": {
            "base": model.is_base,
            "trainable": True,
            "tokens_per_second": speed.tokens_per_second if speed else usual_speed(model.facts.parameters),
            "overhead_seconds": speed.overhead_seconds if speed else OVERHEAD_SECONDS,
            "measured": speed is not None,
            "auto_epochs": asdict(STARTER_EPOCHS) if model.path is None else None,
            "tokenizer": "model" if tokenizer else "characters",
            "tokenizer_path": tokenizer,
            **asdict(model.facts),
            "format": model.format,
            "root": model.root,
            "job": model.job,
        },
    }


def _tokenizer(model: Model) -> str | None:
    """Return the tokenizer.json to count with; a starter's tokens are characters, so it needs none."""
    if model.root == STARTER or model.path is None:
        return None
    file = model.path / "tokenizer.json"
    return str(file) if file.is_file() else None
