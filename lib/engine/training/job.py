"""One training job from spec to finished model. Ties the parts together; each of them knows only its own trade."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lib.engine.training import checkpoint, lora, parallel, recompute
from lib.engine.training.adapters import count, device
from lib.engine.training.checkpoint import Progress, Resumed
from lib.engine.training.data import encode, read_records
from lib.engine.training.keeper import Keeper
from lib.engine.training.learner import Learner
from lib.engine.training.loop import Course, out_of_patience, run
from lib.engine.training.optim import optimizers
from lib.engine.training.packing import packs
from lib.engine.training.plan import Plan, Size, resolve
from lib.engine.training.preference import PreferenceLearner, encode_pairs, with_reference
from lib.engine.training.report import Metrics, Reporter, TrainingProblem
from lib.engine.training.spec import Spec
from lib.engine.training.stop import Stop
from lib.engine.training.student import Records, Student, enrol


@dataclass(frozen=True)
class Lesson:
    """What is learnt in one job, and how."""

    student: Student
    plan: Plan
    course: Course
    learner: Learner
    tokens: int


def train(spec: Spec, report: Reporter, stop: Stop | None = None) -> None:
    """Run the job, going on from its newest checkpoint or resume point if it has one.

    Raises `Stopped` when told to by `stop`. Several processes may do this together (see `parallel`): the first one
    alone reports and writes.
    """
    first = parallel.rank() == 0
    report = report if first else Reporter(Path(os.devnull))
    resumed = checkpoint.newest(spec.checkpoints)
    lesson = _prepare(spec, report, resumed)
    _announce(spec, report, lesson)
    with (stop or Stop()).heed() as told:
        progress = _learn(spec, report, lesson, resumed, told)
    if not first:
        return
    best = progress.best_step or progress.step
    checkpoint.publish(spec.checkpoints / f"step-{best}", spec.output)
    report.message(_why_published(progress, best))
    report.done(
        trained_tokens=progress.tokens,
        seconds=round(progress.seconds, 3),
        tokens_per_second=round(progress.tokens / max(progress.seconds, 1e-9), 1),
        best_step=best,
    )
    checkpoint.forget_states(spec.checkpoints)


def _why_published(progress: Progress, best: int) -> str:
    if progress.best_loss is None:
        return f"The model is the last checkpoint, step {best}: without a validation file there is no better judge."
    return f"The model is the checkpoint of step {best}: its validation loss of {progress.best_loss:.4f} is the lowest."


def _prepare(spec: Spec, report: Reporter, resumed: Resumed | None) -> Lesson:
    """Read the files, load the model, and settle every number."""
    records = read_records(spec.training_file)
    student = enrol(spec, records, report, resumed.folder if resumed else None)
    examples = _examples(spec, student, records, report, "training_file")
    held_out: list[Any] = []
    if spec.validation_file:
        validation = read_records(spec.validation_file, "validation_file")
        held_out = _examples(spec, student, validation, report, "validation_file")
    tokens = sum(len(example.ids) for example in examples)
    size = Size(count(student.model), len(examples), tokens)
    plan = resolve(spec.hyperparameters, student.method, size, spec.objective)
    if plan.packing and not packs(student.model):
        report.message("This model can't keep packed examples apart: examples of like length share a batch.", "warn")
        plan = dataclasses.replace(plan, packing=False)
    if plan.beta is not None:
        examples, held_out = with_reference(
            spec.folder, [examples, held_out], lambda: _untouched(spec, records, report, student, plan, resumed)
        )
    course = Course(examples, held_out, plan.n_epochs, plan.examples_a_step, spec.seed, plan.schedule, plan.patience)
    return Lesson(student, plan, course, _learner(student, plan), tokens)


def _untouched(
    spec: Spec, records: Records, report: Reporter, student: Student, plan: Plan, resumed: Resumed | None
) -> PreferenceLearner:
    """Return a learner with the model as the job found it: also for a resumed job that has lost its reference."""
    found = enrol(spec, records, report, None) if resumed else student
    return PreferenceLearner(found.model, found.tokenizer.pad_token_id, plan.beta or 0.0)


def _learner(student: Student, plan: Plan) -> Learner:
    padding = student.tokenizer.pad_token_id
    options: dict[str, Any] = {"clip": plan.clip, "most": plan.batch_size, "packed": plan.packing}
    if plan.beta is not None:
        return PreferenceLearner(student.model, padding, plan.beta, **options)
    return Learner(student.model, padding, **options)


def _examples(spec: Spec, student: Student, records: Records, report: Reporter, param: str) -> list[Any]:
    """Encode a file's records as the objective wants them, and tell what is lost."""
    encoded: tuple[Sequence[Any], int] = (encode_pairs if spec.objective == "dpo" else encode)(
        student.tokenizer, records, student.context, param
    )
    examples, cut = encoded
    if not examples:
        raise TrainingProblem("No example has a token to learn: every completion is empty or cut off.", param=param)
    if len(examples) < len(records):
        report.message(f"{len(records) - len(examples)} examples have nothing to learn and are left out.", "warn")
    if cut:
        report.message(f"{cut} examples are longer than {student.context} tokens and were cut.", "warn")
    return list(examples)


def _announce(spec: Spec, report: Reporter, lesson: Lesson) -> None:
    student, course = lesson.student, lesson.course
    parameters = count(student.model)
    longest = max(len(example.ids) for part in lesson.learner.parts(course.train) for example in part)
    widest = max(longest * len(part) for part in lesson.learner.parts(course.train))
    saves_memory = recompute.use(
        student.model, spec.hyperparameters.gradient_checkpointing, widest, lesson.learner.device
    )
    figures = lora.told(student.model) if hasattr(student.model, "peft_config") else {"lora": False}
    report.resolved(
        hyperparameters=lesson.plan.told()
        | figures
        | {"context_length": student.context, "gradient_checkpointing": saves_memory},
        total_steps=course.total_steps,
        train_examples=len(course.train),
        valid_examples=len(course.valid),
        tokens_per_epoch=lesson.tokens,
        parameters=parameters,
    )
    report.message(
        f"Training {parameters:,} parameters ({student.method}) on {len(course.train)} examples, "
        f"{lesson.tokens:,} tokens an epoch, on {device().type}, at a learning rate of {lesson.plan.rates.adamw:.2g}."
    )


def _learn(spec: Spec, report: Reporter, lesson: Lesson, resumed: Resumed | None, stop: Stop) -> Progress:
    student, course = lesson.student, lesson.course
    progress = resumed.progress if resumed else Progress()
    chosen = optimizers(student.model, lesson.plan.rates)
    if resumed:
        _go_on(report, resumed, chosen)

    def save_model(folder: Path) -> None:
        checkpoint.save_model(folder, student.model, student.tokenizer, student.facts)

    def save(metrics: Metrics | None = None) -> None:
        if parallel.rank() == 0 and (metrics or progress.step != keeper.step):
            report.flush()  # what is told of these steps must not be lost while the state that follows them is not
            told = dataclasses.asdict(metrics) if metrics else None
            path = checkpoint.save(spec.checkpoints, progress, chosen, save_model, told)
            if metrics:
                report.checkpoint(path, metrics)
        keeper.saved(progress.step)

    keeper = Keeper(stop, save, lambda problem: report.message(problem, "warn"))
    keeper.saved(progress.step)
    run(lesson.learner, chosen, course, progress, report.metrics, save, keeper)
    if progress.step < course.total_steps and out_of_patience(course, progress):
        report.message(
            f"Stopped early after step {progress.step}: the validation loss has not got lower for "
            f"{progress.stale} evaluations."
        )
    return progress


def _go_on(report: Reporter, resumed: Resumed, chosen: Sequence[torch.optim.Optimizer]) -> None:
    """Bring optimizers and chance to where they were, and tell again what may not have been heard."""
    for optimizer, state in zip(chosen, resumed.optimizers, strict=True):
        optimizer.load_state_dict(state)
    checkpoint.set_chance(resumed.chance)
    report.message(f"Resumed from the state after step {resumed.progress.step}.")
    if resumed.metrics:  # the process may have died between writing the checkpoint and telling of it
        report.checkpoint(resumed.folder, Metrics(**resumed.metrics))
