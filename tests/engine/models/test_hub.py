"""Models of the Hugging Face hub over the wire: named only where the operator lets them be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from lib.engine.app import Engine
from lib.engine.models.bases import Bases
from tests.engine.support import KEY, TRAINER, WORKER, Running, run_here


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[Running]:
    """An engine that may download."""
    (tmp_path / "bases").mkdir()
    bases = Bases(tmp_path / "bases", hub=True)
    yield from run_here(Engine(tmp_path, api_key=KEY, models=bases, trainer=TRAINER, worker=WORKER), tmp_path, KEY)


def test_a_job_may_name_a_model_of_the_hub_where_the_operator_lets_it(open_engine: Running) -> None:
    file = open_engine.upload("steps=2")
    job = open_engine.client.fine_tuning.jobs.create(model="org/tiny", training_file=file)
    done = open_engine.wait(job.id)
    assert done.status == "succeeded"
    assert done.fine_tuned_model.startswith("ft:org/tiny:")


def test_what_was_not_downloaded_yet_is_no_model_to_look_at_or_to_ask(open_engine: Running) -> None:
    with pytest.raises(openai.NotFoundError):
        open_engine.client.models.retrieve("org/tiny")
    with pytest.raises(openai.NotFoundError):
        open_engine.client.completions.create(model="org/tiny", prompt="hi")


def test_without_the_setting_there_is_no_such_model(engine: Running) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        engine.client.fine_tuning.jobs.create(model="org/tiny", training_file=engine.upload())
    assert caught.value.code == "model_not_found"
