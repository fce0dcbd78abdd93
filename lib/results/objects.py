"""JSON text -> records of metrics: what events, checkpoints and metrics endpoints answer, saved as it came.

Known shapes: a list of objects, one object a line (JSON Lines), OpenAI's list (`data`), and Crusoe's metrics endpoint
(`metrics`: a `metric_name` and its values, which carry no step there and are numbered from 1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lib.results.errors import BrokenJsonFile
from lib.results.rows import plain

Record = Mapping[str, Any]
LONGEST_NUMBER = 400
"""Digits; Python itself refuses whole numbers of some thousands."""


def looks_like_json(text: str) -> bool:
    """Say whether text is JSON rather than a table: no name of a column begins with a bracket."""
    return text.lstrip()[:1] in {"{", "["}


def read_objects(text: str, file: str) -> list[Record]:
    """Return the records that a JSON file holds, each flat or with its numbers under `data` or `metrics`.

    Raises:
        BrokenJsonFile: the text is not JSON, whole or line by line.
    """
    return [_named(record) for item in _parsed(text, file) for record in _records(item)]


def _named(record: Record) -> Record:
    """Return a record whose names are printable text on one line: half a character can't be written to a file."""
    return {plain(key): _named(value) if isinstance(value, dict) else value for key, value in record.items()}


def _parsed(text: str, file: str) -> list[Any]:
    try:
        whole = _loads(text)
    except ValueError:
        return _by_line(text, file)
    return whole if isinstance(whole, list) else [whole]


def _by_line(text: str, file: str) -> list[Any]:
    """Return one object a line; the last line may have been cut off."""
    found, lines = [], [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    for at, line in lines:
        try:
            found.append(_loads(line))
        except ValueError as problem:
            if found and at == lines[-1][0] and not text.endswith(("\n", "\r")):
                break
            raise BrokenJsonFile(file=file, line=at) from problem
    return found


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_number, parse_float=_number)
    except RecursionError as problem:
        raise ValueError(text[:80]) from problem


def _number(digits: str) -> float:
    return float(digits[:LONGEST_NUMBER])


def _records(item: Any) -> Iterator[Record]:
    if not isinstance(item, dict):
        return
    inner, series = item.get("data"), item.get("metrics")
    if isinstance(inner, list):
        for each in inner:
            yield from _records(each)
    elif isinstance(series, list):
        yield from _series(series)
    else:
        yield item


def _series(series: list[Any]) -> Iterator[Record]:
    """Yield the values of named series by step: the value's own, else its place."""
    rows: dict[float, dict[str, Any]] = {}
    for one in series:
        if not isinstance(one, dict) or not isinstance(one.get("data"), list):
            continue
        for at, point in enumerate(one["data"], 1):
            values = point if isinstance(point, dict) else {"value": point}
            step = values.get("step")
            step = step if isinstance(step, float) else float(at)
            rows.setdefault(step, {"step": step})[str(one.get("metric_name"))] = values.get("value")
    yield from rows.values()
