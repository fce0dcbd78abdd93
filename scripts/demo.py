"""`make demo`: the whole road in a terminal, with the same rooms the screens use.

The story sample is read, prepared, priced and trained on the embedded engine in a home of its own, which is
removed at the end; then the new model writes a story.
"""

from __future__ import annotations

import locale as system_locale
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from lib import library
from lib.config import settings
from lib.datasets import jsonl
from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.convert import convert, require_examples
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.split import split
from lib.db import new_id
from lib.errors import TuneboardError
from lib.i18n import _, match, resolve_language_with
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import prepare
from lib.jobs import records
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.worker import Worker
from lib.migrations import migrate
from lib.pricing import catalogue, tokens
from lib.pricing.epochs import default_epochs
from lib.pricing.estimate import Estimate, estimate_engine, estimate_hosted
from lib.providers import backend
from lib.providers.connections import connection
from lib.providers.embedded import start_embedded, stop_embedded
from lib.providers.errors import EngineDown
from lib.results import metrics, summary

HOSTED = "gpt-4o-mini-2024-07-18"
STEPS = 8
SEED = 7
HELD_OUT = 0.1
"""Share of the examples kept for validation."""
OPENING = 90
"""Characters of the first completion that are shown."""
console = Console(highlight=False)


def main() -> int:
    """Walk the road; return the exit status."""
    resolve_language_with(lambda: match(settings().language or system_locale.getlocale()[0]))
    try:
        with own_home(), engine():
            version = prepare_dataset()
            job = train(version)
            if job.status != records.Status.SUCCEEDED:
                explain(job.error)
                return 1
            show_result(job)
            tell_story(job)
    except TuneboardError as error:
        explain(error)
        return 1
    return 0


@contextmanager
def own_home() -> Iterator[None]:
    """Use a folder that is removed at the end, so that the demo leaves nothing behind and disturbs no dashboard."""
    with tempfile.TemporaryDirectory(prefix="tuneboard-demo-", ignore_cleanup_errors=True) as folder:
        os.environ["TUNEBOARD_HOME"] = folder
        settings.cache_clear()
        migrate()
        yield


@contextmanager
def engine() -> Iterator[None]:
    """Run the embedded engine and the worker while the block runs."""
    running, worker = start_embedded(), Worker()
    try:
        with console.status(_("Starting the engine …")):
            if not running.wait_ready():
                raise EngineDown(detail=running.state().detail)
        worker.start()
        step(1, _("The engine is ready: {detail}", detail=connection("engine").base_url))
        yield
    finally:
        worker.stop()
        stop_embedded()


def prepare_dataset() -> library.Version:
    """Read the story sample, convert it with the suggested recipe and save it as a dataset version."""
    sample = next(s for s in SAMPLES if s.key == "stories")
    upload = library.save_upload(sample.file.name, sample.file.read_bytes())
    table = read_table(sample.file.read_bytes(), sample.file.name)
    step(2, _("Read {file}: {n} rows as {encoding}", file=table.name, n=len(table.rows), encoding=table.encoding))
    recipe = suggest_recipe(table)
    conversion = convert(table, recipe)
    require_examples(conversion)
    step(3, _("Converted {n} examples; the first one:", n=len(conversion.examples)))
    first = conversion.examples[0].record
    console.print(Panel(Text(f"{first['prompt']}\n{str(first['completion'])[:OPENING]} …"), style="dim"))
    version = library.save_version("stories", recipe, [e.record for e in conversion.examples], upload)
    step(4, _("Saved as {label}", label=version.label))
    return version


def train(version: library.Version) -> records.Job:
    """Show what it will take, launch once, and follow the job to its end."""
    estimate = show_estimate(version)
    spec = LaunchSpec(
        connection="engine",
        model="starter",
        version_id=version.id,
        epochs=estimate.epochs,
        validation_fraction=HELD_OUT,
        seed=SEED,
    )
    job = launch(new_id(), spec, estimate)
    step(6, _("Launched job {id}", id=job.id[:8]))
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(job.status, total=None)
        while not (job := records.job(job.id) or job).closed:
            at = records.progress(job)
            last = (records.metrics(job.id) or [{}])[-1].get("train_loss")
            label = job.status if last is None else f"{job.status}  loss {last:.3f}"
            bars.update(bar, description=label, completed=at.step or 0, total=at.total_steps)
            time.sleep(0.5)
        bars.update(bar, description=job.status)
    return job


def show_estimate(version: library.Version) -> Estimate:
    """Print minutes on this machine beside dollars at a hosted service; return the engine's estimate."""
    records_ = [record for _line, record in jsonl.read(library.version_bytes(version.id))]
    examples, _validation = split(records_, HELD_OUT, SEED)
    starter = next(m for m in backend.models(connection("engine")) if m.id == "starter")
    count = tokens.count(examples, "starter", kind="engine", tokenizer=starter.tokenizer or "characters")
    epochs = starter.auto_epochs.reach(count.total) if starter.auto_epochs else default_epochs(len(examples))
    here = estimate_engine(count, epochs, starter.tokens_per_second or 0.0, starter.overhead_seconds or 0.0)
    step(5, _("On this machine: {n} tokens, about {m:.1f} minutes", n=here.billed_tokens, m=here.minutes or 0.0))
    hosted = catalogue.find(HOSTED)
    if hosted:
        there = estimate_hosted(tokens.count(examples, HOSTED), hosted, default_epochs(len(examples)))
        console.print(
            "   "
            + _(
                "For comparison, {model} at {service}: ${dollars:.2f} (price of {day})",
                model=HOSTED,
                service=hosted.service,
                dollars=there.dollars or 0.0,
                day=there.price_date,
            )
        )
    return here


def show_result(job: records.Job) -> None:
    """Print what the result file says, in words."""
    step(7, _("Trained {model}", model=job.tuned_model))
    for sentence in summary.summarise(metrics.parse_result_file(records.result_bytes(job) or b"")):
        console.print(f"   {sentence}")


def tell_story(job: records.Job) -> None:
    """Ask the new model for a story and print it while it is written."""
    sample = next(s for s in SAMPLES if s.key == "stories")
    step(8, _("Asked for: {question}", question=sample.ask))
    answer = Answer()
    for piece in stream(
        connection("engine"), job.tuned_model or "", prepare(job.recipe, sample.ask), Sampling(seed=SEED), answer
    ):
        console.print(piece, end="", markup=False)
    console.print()
    if answer.error:
        raise answer.error
    console.print(
        "   "
        + _(
            "{n} tokens; the first after {first:.2f} s, then {speed:.0f} a second",
            n=answer.tokens,
            first=answer.first_token_s or 0.0,
            speed=answer.tokens_per_s or 0.0,
        ),
        style="dim",
    )


def step(number: int, sentence: str) -> None:
    """Print a step of the road with how far along it is."""
    console.print(f"[green]{'━' * number}[/][dim]{'━' * (STEPS - number)}[/] {number}/{STEPS} ", end="")
    console.print(sentence, markup=False)


def explain(error: TuneboardError | None) -> None:
    """Print a refusal: what, why, what to do."""
    words = error.explain() if error else None
    for sentence in (words.what, words.why, words.todo) if words else (_("The job ended without a model."),):
        console.print(sentence, style="red", markup=False)


if __name__ == "__main__":
    sys.exit(main())
