"""A job's report, put into the reader's language: what goes onto the page of `lib.results.report`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from lib import library
from lib.db import now
from lib.i18n import N_, _, language
from lib.jobs.answers import recorded
from lib.jobs.records import Job
from lib.results import coach, summary
from lib.results.course import Course
from lib.results.lines import class_lines, metric_lines
from lib.results.metrics import remarks
from lib.results.report.drawing import draw
from lib.results.report.page import Advice, Report, Sample, Section, Words, cut, render
from lib.ui import format as fmt
from lib.ui import status
from lib.ui.data.accepted import describe
from lib.ui.results import advice, job_facts

MINUTE = 60
TAKES = {"tokens": N_("Tokens"), "dollars": N_("Cost"), "minutes": N_("Time")}


def maker(job: Job, table: pd.DataFrame, course: Course) -> Callable[[], bytes]:
    """Return what makes the report when it is asked for.

    A download is made on a thread that knows no reader; it is lent this one's language and time zone.
    """
    reader = get_script_run_ctx()

    def lend() -> None:
        add_script_run_ctx(threading.current_thread(), reader)

    def make() -> bytes:
        # A thread of its own: those that serve downloads are used again, and would keep this reader for the next one.
        with ThreadPoolExecutor(max_workers=1, initializer=lend) as own:
            return own.submit(lambda: render(compose(job, table, course))).result()

    return make


def compose(job: Job, table: pd.DataFrame, course: Course) -> Report:
    """Return the report of a job in the language of whoever asks."""
    found = coach.findings(advice.case(job, table, course))
    said = [Advice(each.what.text(), [note.text() for note in each.evidence]) for each in found]
    facts = [*([] if found else summary.calm(table)), *summary.facts(table), *remarks(table)]
    said += [Advice(note.text()) for note in facts]
    frames = {"": table}
    kinds = [
        (_("Loss"), list(metric_lines(frames, "loss"))),
        (_("Token accuracy"), list(metric_lines(frames, "accuracy"))),
        (_("Classification"), list(class_lines(frames))),
    ]
    drawings = [draw(title, lines, table, course) for title, lines in kinds]
    return Report(
        language=language().replace("_", "-"),
        title=job.name,
        subtitle=_("Report of a fine-tuning job, made {time} with Tuneboard", time=fmt.exact(now())),
        words=Words(
            findings=_("What happened"),
            curves=_("Curves"),
            step=_("Step"),
            samples=_("Recorded answers"),
            marks=_("Dashed lines are ends of epochs, diamonds are checkpoints."),
        ),
        sections=[section for section in _sections(job) if section.rows],
        advice=said,
        drawings=[drawing for drawing in drawings if drawing],
        samples=[Sample(cut(question), cut(answer)) for question, answer in recorded(job.tuned_model)],
    )


def _sections(job: Job) -> list[Section]:
    return [
        Section(_("Job"), _job(job)),
        Section(_("Data"), _data(job)),
        Section(_("Recipe"), _recipe(job)),
        Section(_("Settings"), _texts(job_facts.settings(job))),
        Section(_("Estimated and actual"), _takes(job)),
    ]


def _job(job: Job) -> list[tuple[str, str]]:
    times = {_("Created"): job.created_at, _("Started"): job.started_at, _("Ended"): job.finished_at}
    told: dict[str, Any] = {_("Status"): status.label(job.status), _("Tuned model"): job.tuned_model}
    told |= {name: fmt.exact(at) for name, at in times.items() if at}
    told |= {_("Job id at the service"): job.remote_id, _("Notes"): job.notes, _("Tags"): ", ".join(map(str, job.tags))}
    if job.error:
        explained = job.error.explain()
        told[_("Why it failed")] = " ".join(part for part in (explained.what, explained.why) if part)
    return _texts(told)


def _data(job: Job) -> list[tuple[str, str]]:
    """Return the data card: what was trained on and where it came from."""
    version = library.version(job.version_id)
    if version is None:
        return _texts({_("Dataset"): job.dataset})
    fraction = job.settings.get("validation_fraction")
    return _texts(
        {
            _("Dataset"): version.label,
            _("Made from"): version.source_name,
            _("Examples"): fmt.number(version.examples),
            _("Held out for validation"): fmt.percent(fraction) if isinstance(fraction, int | float) else None,
            _("Format"): version.format,
            _("Size"): fmt.size(version.size),
            "SHA-256": version.sha256,
        }
    )


def _recipe(job: Job) -> list[tuple[str, str]]:
    recipe = job.recipe
    return _texts(
        {
            _("Columns"): "\n".join(f"{column} → {role}" for column, role in recipe.roles.items()),
            _("System prompt"): recipe.system_prompt,
            _("Prompt template"): recipe.prompt_template,
            _("Separator"): repr(recipe.separator) if recipe.separator else None,
            _("Stop sequence"): repr(recipe.stop) if recipe.stop else None,
            _("Accepted fixes"): "\n".join(map(describe, recipe.fixes)),
        }
    )


def _takes(job: Job) -> list[tuple[str, str]]:
    """Return "estimated → actual" of tokens, dollars and minutes, as far as either is known."""
    ended = job.finished_at is not None and job.started_at is not None
    minutes = ((job.finished_at or 0.0) - (job.started_at or 0.0)) / MINUTE if ended else None
    expected = {"tokens": job.estimate.get("billed_tokens")} | {
        name: job.estimate.get(name) for name in ("dollars", "minutes")
    }
    actual = {"tokens": job.trained_tokens, "minutes": minutes} | {
        name: value for name, value in job.actual.items() if name in TAKES and value is not None
    }
    rows = []
    for name, label in TAKES.items():
        pair = [_amount(name, values.get(name)) for values in (expected, actual)]
        if any(pair):
            told = {"estimate": pair[0] or "—", "actual": pair[1] or "—"}
            rows.append((_(label), _("{estimate} estimated, {actual} actual", **told)))
    return rows


def _amount(name: str, value: object) -> str | None:
    if not isinstance(value, int | float):
        return None
    if name == "dollars":
        return fmt.money(value)
    return fmt.duration(value * MINUTE) if name == "minutes" else fmt.number(value)


def _texts(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, cut(str(value))) for name, value in told.items() if value not in (None, "")]
