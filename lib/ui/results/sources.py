"""Where curves come from: jobs of ours, and result files somebody uploaded. Both are named in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from lib import library
from lib.i18n import _
from lib.jobs import records
from lib.jobs.records import Job
from lib.results import metrics
from lib.results.course import Course
from lib.results.unwrap import text_of
from lib.ui.results import job_facts

JOB, FILE = "job", "file"
SHOWN, NAMED, UPLOADED = "results_shown", "results_named", "results_upload"


@dataclass(frozen=True)
class Source:
    """A metric table to be. `key` is `job:ID` or `file:SHA256`; `label` is plain text."""

    key: str
    label: str
    file_name: str
    frame: Callable[[], pd.DataFrame]
    data: Callable[[], bytes]
    """The table itself, exact, out of the base64 that a service may wrap it in."""
    course: Callable[[], Course] = Course
    job: Job | None = None


def of_job(job: Job) -> Source:
    """Return a job's result file, or, while there is none, what its events told."""

    def frame() -> pd.DataFrame:
        result = records.result_bytes(job)
        if result is None:
            return metrics.from_events(records.metrics(job.id))
        return _parsed(str(job.result_sha256), file_name, result)

    def data() -> bytes:
        result = records.result_bytes(job)
        return metrics.to_csv(frame()) if result is None else text_of(result, file_name).encode()

    file_name = f"{job.tuned_model or job.id}.csv"
    return Source(f"{JOB}:{job.id}", job.name, file_name, frame, data, lambda: job_facts.course(job), job)


def of_file(sha256: str) -> Source | None:
    """Return an uploaded result file, or None if the library does not hold it. Its download is what was uploaded."""
    upload = library.upload(sha256)
    if upload is None:
        return None

    def data() -> bytes:
        return library.read_file(sha256)

    def frame() -> pd.DataFrame:
        return _parsed(sha256, upload.name, data())

    return Source(f"{FILE}:{sha256}", upload.name, upload.name, frame, data)


@st.cache_data(max_entries=64, show_spinner=False)
def _parsed(sha256: str, name: str, _data: bytes) -> pd.DataFrame:
    return metrics.parse_result_file(_data, name)


def offered() -> dict[str, Source]:
    """Return every source by key: jobs that have something to show, newest first, then files named in the address."""
    files = [of_file(sha256) for sha256 in dict.fromkeys(st.query_params.get_all(FILE))]
    jobs = [of_job(job) for job in records.jobs() if job.started_at or job.result_sha256]
    return {source.key: source for source in [*jobs, *files] if source}


def named() -> list[str]:
    """Return the keys of the sources that the address names."""
    params = st.query_params
    return [f"{JOB}:{id_}" for id_ in params.get_all(JOB)] + [f"{FILE}:{sha}" for sha in params.get_all(FILE)]


def name(keys: list[str]) -> None:
    """Put sources into the address."""
    for kind in (JOB, FILE):
        wanted = [key.removeprefix(f"{kind}:") for key in keys if key.startswith(f"{kind}:")]
        if wanted and wanted != st.query_params.get_all(kind):
            st.query_params[kind] = wanted
        elif not wanted and kind in st.query_params:
            del st.query_params[kind]


def choose(offered_: dict[str, Source]) -> list[Source]:
    """Draw the choice and return what is chosen. The address leads when it changed; at first it is the newest job."""
    wanted = named()
    if NAMED not in st.session_state and not wanted:
        st.session_state[SHOWN] = list(offered_)[:1]
    elif wanted != st.session_state.get(NAMED):
        st.session_state[SHOWN] = [key for key in wanted if key in offered_]
    chosen = st.multiselect(
        _("Jobs and files"),
        offered_,
        key=SHOWN,
        format_func=lambda key: offered_[key].label,
        placeholder=_("Choose jobs to lay over each other"),
        disabled=not offered_,
    )
    name(chosen)
    st.session_state[NAMED] = named()
    return [offered_[key] for key in chosen]


def take_uploads() -> None:
    """Keep the uploaded files in the library and show them."""
    files = [library.save_upload(file.name, file.getvalue()) for file in st.session_state[UPLOADED]]
    keys = [f"{FILE}:{file.sha256}" for file in files]
    name(list(dict.fromkeys([*st.session_state.get(SHOWN, []), *keys])))


def distinct(sources: list[Source]) -> dict[str, Source]:
    """Return sources by a label that tells them apart."""
    found: dict[str, Source] = {}
    for source in sources:
        label, n = source.label, 2
        while label in found:
            label, n = _("{name} ({n})", name=source.label, n=n), n + 1
        found[label] = source
    return found
