"""One training job from spec to finished model. Ties the parts together; each of them knows only its own trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.training import checkpoint, starter
from lib.engine.training.adapters import count, device, facts_of, is_adapter, load_model, load_tokenizer, prepare
from lib.engine.training.checkpoint import Progress, Resumed
from lib.engine.training.data import Example, Record, encode, format_of, read_records
from lib.engine.training.loop import Course, Learner, run
from lib.engine.training.optim import optimizers
from lib.engine.training.plan import Method, Plan, resolve
from lib.engine.training.report import Metrics, Reporter, TrainingProblem
from lib.engine.training.spec import Spec
from lib.engine.training.text import ensure_chat_template
from lib.engine.training.tokenizer import train_tokenizer


@dataclass(frozen=True)
class Student:
    """A model that is about to learn."""

    model: Any
    tokenizer: Any
    method: Method
    context: int
    facts: dict[str, Any]


def train(spec: Spec, report: Reporter) -> None:
    """Run the job, going on from its newest checkpoint if it has one."""
    records = read_records(spec.training_file)
    resumed = checkpoint.newest(spec.checkpoints)
    student = _student(spec, records, resumed)
    examples = _examples(student, records, report, "training_file")
    held_out: list[Example] = []
    if spec.validation_file:
        validation = read_records(spec.validation_file, "validation_file")
        held_out = _examples(student, validation, report, "validation_file")
    tokens = sum(len(example.ids) for example in examples)
    plan = resolve(spec.hyperparameters, student.method, count(student.model), len(examples), tokens)
    course = Course(examples, held_out, plan.n_epochs, plan.batch_size, spec.seed)
    _announce(report, student, plan, course, tokens)
    progress = _learn(spec, report, student, plan, course, resumed)
    best = progress.best_step or progress.step
    checkpoint.publish(spec.checkpoints / f"step-{best}", spec.output)
    report.done(
        trained_tokens=progress.tokens,
        seconds=round(progress.seconds, 3),
        tokens_per_second=round(progress.tokens / max(progress.seconds, 1e-9), 1),
        best_step=best,
    )


def _student(spec: Spec, records: Sequence[tuple[int, Record]], resumed: Resumed | None) -> Student:
    """Make the starter, load the base, or load where the job was when it was stopped."""
    source = resumed.folder if resumed else spec.base
    facts = {"format": format_of(records), "base": str(spec.base) if spec.base else "starter"}
    torch.manual_seed(spec.seed)
    if source is None:
        tokenizer = train_tokenizer(starter.texts_of(records))
        model: Any = starter.make_model(tokenizer, spec.seed)
    else:
        tokenizer = load_tokenizer(source)
        model = prepare(load_model(source, trainable=True))
    if spec.base and is_adapter(spec.base):
        facts["base"] = facts_of(spec.base)["base"]
    ensure_chat_template(tokenizer)
    lora = hasattr(model, "peft_config")
    method = Method.LORA if lora else Method.FULL if spec.base else Method.SCRATCH
    context = model.config.get_text_config().max_position_embeddings
    return Student(model.to(device()), tokenizer, method, context, facts)


def _examples(student: Student, records: Sequence[tuple[int, Record]], report: Reporter, param: str) -> list[Example]:
    examples, cut = encode(student.tokenizer, records, student.context, param)
    if not examples:
        raise TrainingProblem("No example has a token to learn: every completion is empty or cut off.", param=param)
    if len(examples) < len(records):
        report.message(f"{len(records) - len(examples)} examples have nothing to learn and are left out.", "warn")
    if cut:
        report.message(f"{cut} examples are longer than {student.context} tokens and were cut.", "warn")
    return examples


def _announce(report: Reporter, student: Student, plan: Plan, course: Course, tokens: int) -> None:
    parameters = count(student.model)
    report.resolved(
        hyperparameters={
            "n_epochs": plan.n_epochs,
            "batch_size": plan.batch_size,
            "learning_rate_multiplier": plan.learning_rate_multiplier,
        },
        total_steps=course.total_steps,
        train_examples=len(course.train),
        valid_examples=len(course.valid),
        tokens_per_epoch=tokens,
        parameters=parameters,
    )
    report.message(
        f"Training {parameters:,} parameters ({student.method}) on {len(course.train)} examples, "
        f"{tokens:,} tokens an epoch, on {device().type}."
    )


def _learn(
    spec: Spec, report: Reporter, student: Student, plan: Plan, course: Course, resumed: Resumed | None
) -> Progress:
    progress = resumed.progress if resumed else Progress()
    chosen = optimizers(student.model, plan.rates)
    if resumed:
        for optimizer, state in zip(chosen, resumed.optimizers, strict=True):
            optimizer.load_state_dict(state)
        torch.set_rng_state(resumed.random)
        report.message(f"Resumed from the checkpoint at step {progress.step}.")

    def save_model(folder: Path) -> None:
        checkpoint.save_model(folder, student.model, student.tokenizer, student.facts)

    def save(metrics: Metrics) -> None:
        path = checkpoint.save(spec.checkpoints, progress, chosen, save_model)
        report.checkpoint(step=metrics.step, epoch=metrics.epoch, path=path, metrics=metrics)

    run(Learner(student.model, student.tokenizer.pad_token_id), chosen, course, progress, report.metrics, save)
    return progress
