"""The playground's path (dashboard, SDK, HTTP, engine, worker) beside a bare `generate` in a process of its own.

Both write answers of the same length to the same prompts, in turns, so that a change in the machine's speed meets both.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lib.config import settings
from lib.datasets import jsonl
from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import suggest_recipe
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import Prepared
from lib.providers import backend
from lib.providers.connections import Connection, connection
from lib.providers.embedded import start_embedded, stop_embedded
from lib.providers.request import JobRequest
from tests.bench.figures import Figure
from tests.bench.serving import TOKENS, ask_bare, bare

ANSWERS = 24
EXAMPLES = 80


def measure() -> Iterator[Figure]:
    """Yield the first-token latency and the pace of the playground, each against bare `generate`."""
    with engine() as here:
        model, prompts = tuned_model(here)
        ours, reference = [], []
        with bare(next(settings().engine_home.rglob("model.safetensors")).parent) as beside:
            for turn in range(ANSWERS + 1):
                prompt = prompts[turn % len(prompts)]
                ours.append(ask(here, model, prompt))
                timing = ask_bare(beside, prompt)
                reference.append((timing.first, timing.pace))
    first, pace = (statistics.median(values) for values in zip(*ours[1:], strict=True))
    bare_first, bare_pace = (statistics.median(values) for values in zip(*reference[1:], strict=True))
    yield Figure("playground, first token, p50", first * 1000, bare_first * 1000, "ms", "a bare generate call")
    yield Figure("playground, pace, p50", pace, bare_pace, "tokens/s", "a bare generate call")


@contextmanager
def engine() -> Iterator[Connection]:
    """Run the embedded engine in a home of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["TUNEBOARD_HOME"] = home
        settings.cache_clear()
        running = start_embedded()
        try:
            if not running.wait_ready():
                raise RuntimeError(running.state().detail)
            yield connection("engine")
        finally:
            stop_embedded()


def tuned_model(here: Connection) -> tuple[str, list[str]]:
    """Train a starter for one epoch on some stories; return its id and prompts to ask it."""
    file = next(s.file for s in SAMPLES if s.key == "stories")
    table = read_table(file.read_bytes(), file.name)
    records = [example.record for example in convert(table, suggest_recipe(table)).examples][:EXAMPLES]
    uploaded = backend.upload_file(here, "bench.jsonl", jsonl.write(records))
    request = JobRequest("starter", uploaded, None, {"n_epochs": 1})
    job = backend.create_job(here, request, "bench")
    while job.status not in {"succeeded", "failed", "cancelled"}:
        time.sleep(0.5)
        job = backend.job(here, job.id)
    if job.tuned_model is None:
        raise RuntimeError(f"the job ended as {job.status}: {job.error}")
    return job.tuned_model, [str(record["prompt"]) for record in records]


def ask(here: Connection, model: str, prompt: str) -> tuple[float, float]:
    """Return seconds to the first token, and tokens per second after it."""
    answer = Answer()
    for _piece in stream(here, model, Prepared("completion", prompt), Sampling(max_tokens=TOKENS, seed=1), answer):
        pass
    if answer.error:
        raise answer.error
    return answer.first_token_s or 0.0, answer.tokens_per_s or 0.0
