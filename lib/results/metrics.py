"""One metric table, whatever the source: a result file of any service and year, or the events of a job.

CSV, or JSON as services answer it (events, checkpoints, series of metrics), plain or wrapped in base64.

A table has every column of `METRICS` (empty where the source says nothing) and whatever other numbers came along
under their own names, one row a step, in order. A missing value is NaN. `remarks` says what was assumed on the way;
`attrs["nan_step"]` is the first step whose training loss was no finite number. Attributes are plain JSON, because a
table takes them along to the screen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lib.datasets.table import Note
from lib.i18n import N_
from lib.results.columns import ALIASES, METRICS, canonical, is_metric
from lib.results.errors import BrokenResultValue, NotAResultFile
from lib.results.objects import looks_like_json, read_objects
from lib.results.rows import read_header, read_rows
from lib.results.unwrap import text_of

Columns = dict[str, list[float | None]]
"""None is a missing value; NaN is one that the source gives as "nan"."""

MISSING = {"", "-", "na", "n/a", "none", "null"}
LARGEST_STEP = 2.0**53
"""Beyond it a float no longer tells a step from the next."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")

NUMBERED = N_("There is no step column; the rows were numbered from 1.")
LEFT_OUT = N_("Column {column} holds text and was left out.")
MINUS_ONE = N_("Column {column}: -1 was read as missing.")
NO_STEP = N_("{n} rows without a step were left out.")
JOINED = N_("{n} rows share their step with another; they were joined, and the last value counts.")


def parse_result_file(data: bytes, name: str = "") -> pd.DataFrame:
    """Return the metrics of a result file; `name` is what refusals call it.

    Raises:
        TuneboardError: one of `lib.results.errors`; nothing else, whatever the bytes are.
    """
    file = name or "results.csv"
    text = text_of(data, file)
    if looks_like_json(text):
        return _of_objects(text, file)
    header = read_header(text)
    names = canonical(header)
    if not any(is_metric(column) for column in names):
        raise NotAResultFile(file=file, columns=", ".join(header)[:200])
    rows = read_rows(text, len(header), file)
    columns: Columns = {}
    for at, column in enumerate(names):
        numbers, broken = _numbers([cells[at] for cells in rows.cells])
        if broken is None:
            columns[column] = numbers
        elif column in METRICS:
            raise BrokenResultValue(
                file=file, line=rows.lines[broken], column=header[at], value=rows.cells[broken][at][:80]
            )
        else:
            rows.notes.append(Note(LEFT_OUT, {"column": header[at]}))
    return _frame(columns, len(rows.cells), rows.notes)


def from_events(events: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the metrics that a job's events carry, flat or under `data`; events without a step carry none."""
    return _of_records([record for event in events if (record := _record(event)) and any(map(_is_step, record))])


def _of_objects(text: str, file: str) -> pd.DataFrame:
    records = [record for item in read_objects(text, file) if (record := _record(item))]
    header = list(dict.fromkeys(key for record in records for key in record))
    if not any(is_metric(column) for column in canonical(header)):
        raise NotAResultFile(file=file, columns=", ".join(header)[:200] or text.strip()[:80])
    stepped = [record for record in records if any(map(_is_step, record))]
    return _of_records(stepped or records)


def _of_records(records: list[dict[str, float]]) -> pd.DataFrame:
    header = list(dict.fromkeys(key for record in records for key in record))
    columns = {
        column: [record.get(key) for record in records] for key, column in zip(header, canonical(header), strict=True)
    }
    return _frame(columns, len(records), [])


def remarks(frame: pd.DataFrame) -> list[Note]:
    """Return what was assumed or left out when the table was read."""
    return [Note(note["template"], note["values"]) for note in frame.attrs.get("notes", [])]


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return the table exactly, as UTF-8 CSV in which a spreadsheet finds nothing to run."""
    safe = frame.rename(columns=_harmless)
    for column in safe.select_dtypes(include=["object", "string"]):
        safe[column] = safe[column].map(_harmless)
    return str(safe.to_csv(index=False, lineterminator="\n")).encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _numbers(cells: list[str]) -> tuple[list[float | None], int | None]:
    """Return a column as numbers, and the first row that holds none."""
    numbers: list[float | None] = []
    for row, cell in enumerate(cells):
        try:
            numbers.append(float(cell) if cell else None)
        except ValueError:
            if cell.strip().lower() not in MISSING:
                return numbers, row
            numbers.append(None)
    if "_" not in "".join(cells):
        return numbers, None
    return numbers, next(row for row, cell in enumerate(cells) if "_" in cell)  # float() takes 1_000


def _is_step(name: str) -> bool:
    return name.casefold() in ALIASES["step"]


def _record(event: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of an event or a checkpoint: those under `data` or `metrics` where there are, else its own.

    A checkpoint's step stands beside its metrics; the time it was made is no metric.
    """
    inner = next((event[key] for key in ("data", "metrics") if isinstance(event.get(key), Mapping)), None)
    values = event if inner is None else {"step": event.get("step_number"), **inner}
    return {key: float(v) for key, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}


def _frame(columns: Columns, height: int, notes: list[Note]) -> pd.DataFrame:
    """Return the table in its one shape."""
    if "step" not in columns:
        columns["step"] = [float(row) for row in range(1, height + 1)]
        notes.extend([Note(NUMBERED)] if height else [])
    others = [name for name in columns if name not in METRICS]
    frame = pd.DataFrame({name: columns.get(name, [None] * height) for name in (*METRICS, *others)}, dtype=float)
    frame = _by_step(_without_minus_one(frame, notes), notes)
    frame.attrs["notes"] = [{"template": note.template, "values": note.values} for note in notes]
    frame.attrs["nan_step"] = _nan_step(columns)
    return frame


def _nan_step(columns: Columns) -> float | None:
    """Return the first step whose training loss is given, but as no finite number."""
    pairs = zip(columns["step"], columns.get("train_loss", []), strict=False)
    given = ((step, loss) for step, loss in pairs if step is not None and loss is not None)
    return min((step for step, loss in given if not math.isfinite(loss)), default=None)


def _without_minus_one(frame: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """Return the table with -1 as missing, which Azure and the first API write; no loss or accuracy is -1 by itself."""
    for column in METRICS[1:]:
        absent = frame[column] == -1
        if absent.any():
            frame.loc[absent, column] = math.nan
            notes.append(Note(MINUS_ONE, {"column": column}))
    return frame


def _by_step(frame: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """Return the rows in order of their steps, one each; trainers may log training and validation in two."""
    known = frame["step"].abs() <= LARGEST_STEP
    if not known.all():
        notes.append(Note(NO_STEP, {"n": int((~known).sum())}))
    frame = frame[known].sort_values("step", kind="stable", ignore_index=True)
    shared = int(frame["step"].duplicated().sum())
    if shared:
        notes.append(Note(JOINED, {"n": shared}))
        frame = frame.groupby("step", as_index=False).last()
    if (frame["step"] % 1 == 0).all():
        frame["step"] = frame["step"].astype("int64")
    return frame
