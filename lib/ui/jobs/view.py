"""One job, live: status, progress, numbers, curves and log. It draws itself again only while something may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from lib.db import now
from lib.i18n import N_, _, sentences
from lib.jobs import records
from lib.jobs.records import Job, Progress, Status
from lib.results import charts, metrics
from lib.ui import curves, status
from lib.ui import format as fmt
from lib.ui.jobs import actions
from lib.ui.text import escape, say, show_error, show_rows

EVERY = 1.0
"""Seconds between looks at the database while the job is live."""

MINUTE = 60

POINTS = 60
"""Steps in a sparkline."""

LEVELS = {"info": N_("Note"), "warn": N_("Warning"), "error": N_("Error")}
"""A service's word for how grave an event is -> ours."""

ASKED = {
    "epochs": N_("Epochs"),
    "batch_size": N_("Batch size"),
    "learning_rate_multiplier": N_("Learning rate multiplier"),
    "beta": N_("Beta"),
    "validation_fraction": N_("Validation split"),
    "seed": N_("Seed"),
    "suffix": N_("Suffix"),
}


def draw(job: Job) -> None:
    """Draw the job, and keep it up to date until it is closed."""
    st.fragment(_draw, run_every=None if job.closed else EVERY)(job.id, _outline(job))


def _outline(job: Job) -> tuple[object, ...]:
    """Return what the page around the fragment depends on: which buttons there are."""
    return job.live, job.closed, job.wish, job.status in actions.PAUSABLE, job.status == Status.PAUSED


def _draw(job_id: str, was: tuple[object, ...]) -> None:
    job = records.job(job_id)
    if job is None or was != _outline(job):
        st.rerun()
    _heading(job)
    _troubles(job)
    _progress(job, records.progress(job))
    frame = metrics.from_events(records.metrics(job.id))
    if len(frame):
        _numbers(job, frame)
        _curves(frame)
    _log(job)


def _heading(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(status.badge(job.status), width="content")
        st.caption(_place(job) or status.meaning(job.status), width="content")
        if job.finished_at:
            fmt.when(job.finished_at, _("Ended {ago}"))
        else:
            fmt.when(job.created_at, _("Started {ago}"))


def _place(job: Job) -> str | None:
    """Say where a waiting job stands, if its service tells."""
    position, starts_at = job.queue.get("position"), job.queue.get("starts_at")
    if job.status != Status.QUEUED or not position:
        return None
    ahead = _("Next in the queue.") if position == 1 else _("Number {n} in the queue.", n=fmt.number(position))
    if not starts_at:
        return ahead
    minutes = max(1, round((starts_at - now()) / MINUTE))
    return sentences(ahead, _("Starts in about {time}.", time=fmt.duration(minutes * MINUTE)))


def _troubles(job: Job) -> None:
    """Say why it failed, or what keeps us from the service and how old this picture is."""
    if job.error:
        show_error(job.error)
    elif job.problem:
        told = job.problem.explain()
        wait = max(0, round((job.retry_at or now()) - now()))
        as_of = fmt.exact(job.checked_at) if job.checked_at else _("never")
        body = say(N_("Shown as of {time}. Asked again in {seconds} s."), time=as_of, seconds=wait)
        st.warning(
            sentences(escape(told.why), escape(told.todo), body), title=escape(told.what), icon=":material/cloud_off:"
        )


def _progress(job: Job, done: Progress) -> None:
    if job.live and done.fraction is not None:
        moves = job.status == Status.RUNNING and not job.problem
        known = moves and done.eta_seconds is not None and done.eta_seconds >= 1
        left = [_("about {time} left", time=fmt.duration(done.eta_seconds or 0))] if known else []
        steps = _("Step {step} of {total}", step=fmt.number(done.step or 0), total=fmt.number(done.total_steps or 0))
        st.progress(min(max(done.fraction, 0.0), 1.0), text=escape(" · ".join([steps, *left])))


def _numbers(job: Job, frame: pd.DataFrame) -> None:
    """Draw the latest of each measure, with its course as a sparkline."""
    measures = (
        (N_("Training loss"), "train_loss"),
        (N_("Validation loss"), "valid_loss"),
        (N_("Training accuracy"), "train_accuracy"),
        (N_("Validation accuracy"), "valid_accuracy"),
    )
    with st.grid(4, min_column_width=140):
        for label, column in measures:
            course = frame[column].dropna().tolist()
            told = _latest(column, course) if course else None
            st.metric(_(label), told, border=True, chart_data=course[-POINTS:] or None, height="stretch")
    if job.trained_tokens:
        st.caption(_("{n} tokens trained", n=fmt.number(job.trained_tokens)))


def _latest(column: str, course: list[float]) -> str:
    return fmt.percent(course[-1], 1) if "accuracy" in column else fmt.number(course[-1], 3)


def _curves(frame: pd.DataFrame) -> None:
    with st.grid(2, min_column_width=320):
        curves.draw(charts.curves({"": frame}, "loss"), "jobs_loss", _("Loss by step"))
        curves.draw(charts.curves({"": frame}, "accuracy"), "jobs_accuracy", _("Token accuracy by step"))


def _log(job: Job) -> None:
    st.subheader(_("Event log"))
    found = records.events(job.id, with_metrics=False)
    if not found:
        st.caption(_("Nothing has been reported yet."))
        return
    rows = [
        {"time": fmt.moment(e.created_at), "level": _(LEVELS.get(e.level, e.level)), "message": e.text()} for e in found
    ]
    columns = {
        "time": st.column_config.DatetimeColumn(_("Time"), format="HH:mm:ss", width="small"),
        "level": st.column_config.TextColumn(_("Level"), width="small"),
        "message": st.column_config.TextColumn(_("Message"), width=760),
    }
    show_rows(rows, key="jobs_log", column_config=columns, alt=_("Events of this job, newest first"))


def draw_settings(job: Job) -> None:
    """Draw what the launch asked for; what the service made of "auto" replaces it."""
    asked = job.settings | {"epochs": job.hyperparameters.get("n_epochs", job.settings.get("epochs"))}
    asked |= {name: value for name, value in job.hyperparameters.items() if name in asked}
    told: dict[str, str | None] = {_("Base model"): job.model, _("Dataset"): job.dataset}
    told |= {_(label): asked[name] for name, label in ASKED.items() if asked.get(name) not in (None, "")}
    told |= {_("Job id at the service"): job.remote_id, _("Tuned model"): job.tuned_model}
    show_rows(
        [{"what": what, "value": str(value)} for what, value in told.items() if value],
        key="jobs_asked",
        column_config={"what": _("Setting"), "value": _("Value")},
    )


def draw_figures(job: Job) -> None:
    """Draw what was expected of a job beside what it took; nothing of a job that told neither."""
    expected, took = job.estimate, job.actual
    told = {
        _("Tokens"): (expected.get("billed_tokens"), took.get("tokens"), fmt.number),
        _("Cost"): (expected.get("dollars"), took.get("dollars"), _money(expected)),
        _("Training time"): (expected.get("minutes"), took.get("minutes"), lambda n: fmt.duration(n * MINUTE)),
    }
    rows = [
        {
            "what": what,
            "estimated": write(first) if first is not None else None,
            "actual": write(last) if last is not None else None,
        }
        for what, (first, last, write) in told.items()
        if first is not None or last is not None
    ]
    if rows:
        columns = {"what": "", "estimated": _("Estimated"), "actual": _("Actual")}
        show_rows(rows, key="jobs_figures", column_config=columns, alt=_("Estimated and actual"))


def _money(estimate: dict[str, Any]) -> Callable[[float], str]:
    currency = estimate.get("currency", "USD")
    return fmt.money if currency == "USD" else lambda amount: f"{fmt.number(amount, 2)} {currency}"
