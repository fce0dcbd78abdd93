"""What people write on a job: its name, notes, tags and project; and whether lists leave it out."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update

from lib.db import JobRow, now, session

LONGEST_NAME = 200
LONGEST_NOTES = 20_000
LONGEST_TAG = 60
MOST_TAGS = 30


def rename(job_id: str, name: str) -> None:
    """Give a job another name; an empty one changes nothing."""
    kept = _line(name, LONGEST_NAME)
    if kept:
        _write(job_id, name=kept)


def note(job_id: str, text: str) -> None:
    """Keep notes on a job."""
    _write(job_id, notes=_clean(text)[:LONGEST_NOTES])


def tag(job_id: str, tags: Iterable[str]) -> None:
    """Give a job these tags in place of those it has."""
    kept = dict.fromkeys(line for each in tags if (line := _line(each, LONGEST_TAG)))
    _write(job_id, tags=list(kept)[:MOST_TAGS])


def assign(job_id: str, project: str) -> None:
    """Count a job to a project; empty means none."""
    _write(job_id, project=_line(project, LONGEST_TAG))


def known_tags() -> list[str]:
    """Return the tags that any job has, in order."""
    with session() as opened:
        return sorted({str(each) for tags in opened.scalars(select(JobRow.tags)) for each in tags})


def hide(job_id: str) -> None:
    """Leave a job out of lists. It is kept, and followed to its end."""
    _write(job_id, hidden_at=now())


def show(job_id: str) -> None:
    """Let lists have a job again."""
    _write(job_id, hidden_at=None)


def _write(job_id: str, **values: object) -> None:
    with session() as opened:
        opened.execute(update(JobRow).where(JobRow.id == job_id).values(**values))


def _line(text: str, longest: int) -> str:
    return " ".join(_clean(text).split())[:longest].strip()


def _clean(text: str) -> str:
    """Return text without what no database keeps."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
