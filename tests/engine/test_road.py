"""The whole road with the real trainer and the real worker: upload, train, read the results, ask."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from lib.engine.app import Engine
from tests.engine.support import KEY, Running, run_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("real")
    yield from run_here(Engine(home, api_key=KEY), home, KEY)


def colours() -> bytes:
    """Return examples with one rule in them, which a minute's model can learn."""
    answers = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black"}
    pairs = [(f"{thing} {n % 5} ->", f" {colour}\n") for n in range(12) for thing, colour in answers.items()]
    return b"".join(json.dumps({"prompt": prompt, "completion": text}).encode() + b"\n" for prompt, text in pairs)


def test_a_model_trained_through_the_sdk_gives_the_answers_it_was_taught(engine: Running) -> None:
    file = engine.client.files.create(file=("colours.jsonl", colours()), purpose="fine-tune")
    job = engine.client.fine_tuning.jobs.create(
        model="starter", training_file=file.id, validation_file=file.id, seed=3, hyperparameters={"n_epochs": 4}
    )
    done = engine.wait(job.id)
    assert done.status == "succeeded", done.error
    assert isinstance(done.hyperparameters.batch_size, int)
    steps = engine.steps(job.id)
    assert steps == list(range(1, len(steps) + 1))
    table = base64.b64decode(engine.client.files.content(done.result_files[0]).read()).decode().splitlines()
    assert len(table) == len(steps) + 1

    ask = {"model": done.fine_tuned_model, "prompt": "snow 3 ->", "max_tokens": 8, "stop": ["\n"], "temperature": 0}
    answer = engine.client.completions.create(**ask)
    assert answer.choices[0].text.strip() == "white"
    assert answer.choices[0].finish_reason == "stop"
    checkpoint = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data[0].fine_tuned_model_checkpoint
    assert engine.client.completions.create(**ask | {"model": checkpoint}).choices[0].text.strip() == "white"
    assert engine.client.models.delete(done.fine_tuned_model).deleted
