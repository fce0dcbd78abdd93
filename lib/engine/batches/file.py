"""What a batch's file must hold: one request a line, for one endpoint and one model, each with an id of its own.

Promises the requests in order, or what is wrong with which lines, under OpenAI's codes. Whether a body can be answered
is not asked here: a request that is refused has its own line in the error file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lib.datasets import jsonl
from lib.engine.files.lines import read_lines

MOST_ERRORS = 100
"""So many errors are told; the first few are enough to mend a file."""
LONGEST_ID = 512


class Asked(NamedTuple):
    """One request of a batch."""

    custom_id: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """What a good file holds."""

    total: int
    model: str


class InvalidBatch(Exception):
    """Why a batch cannot be begun: OpenAI's `errors.data`, with `code`, `message`, `param` and `line` each."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class _Wrong(Exception):
    """What is wrong with one line."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def whole_file_error(code: str, message: str, param: str | None = None) -> InvalidBatch:
    """Say what is wrong with a file as a whole."""
    return InvalidBatch([{"code": code, "message": message, "param": param, "line": None}])


def check_batch(path: Path, endpoint: str, most: int, is_known: Callable[[str], bool]) -> Checked:
    """Read a whole file; raise `InvalidBatch` for one that cannot be run. `is_known` tells whether a model is there."""
    lines = _Lines(endpoint, is_known)
    errors: list[dict[str, Any]] = []
    for number, found in read_lines(path):
        try:
            lines.check(found)
        except _Wrong as wrong:
            errors.append({"code": wrong.code, "message": wrong.message, "param": wrong.param, "line": number})
        if len(errors) >= MOST_ERRORS:
            break
        if lines.total > most:
            raise whole_file_error("too_many_tasks", f"The file has more than {most} requests, the most taken.")
    if errors:
        raise InvalidBatch(errors)
    if not lines.total:
        raise whole_file_error("empty_file", "The input file is empty. It must hold at least one request.")
    return Checked(lines.total, lines.model)


def requests_of(path: Path) -> Iterator[Asked]:
    """Yield the requests of a file that was checked."""
    for _number, record in read_lines(path):
        if isinstance(record, dict):
            yield Asked(record["custom_id"], record["body"])


class _Lines:
    """The lines read so far."""

    def __init__(self, endpoint: str, is_known: Callable[[str], bool]) -> None:
        self.total = 0
        self.model = ""
        self._endpoint = endpoint
        self._is_known = is_known
        self._ids: set[str] = set()

    def check(self, found: dict[str, Any] | jsonl.BrokenLine) -> None:
        """Take one more line; raise `_Wrong` if it is no request for this batch."""
        self.total += 1
        if isinstance(found, jsonl.BrokenLine):
            why = f"This line is not parseable as valid JSON. Column {found.column}: {found.detail}."
            raise _Wrong("invalid_json_line", why)
        for name in ("custom_id", "method", "url", "body"):
            if found.get(name) is None:
                raise _Wrong("missing_required_parameter", f"Missing required parameter: '{name}'.", name)
        self._check_id(found["custom_id"])
        if found["method"] != "POST":
            raise _Wrong("invalid_method", "The method of a request must be 'POST'.", "method")
        if found["url"] != self._endpoint:
            message = f"The URL of this request does not match the batch's endpoint, '{self._endpoint}'."
            raise _Wrong("url_mismatch", message, "url")
        self._check_body(found["body"])

    def _check_id(self, custom_id: object) -> None:
        if not isinstance(custom_id, str) or not 0 < len(custom_id) <= LONGEST_ID:
            message = f"'custom_id' must be a text of 1 to {LONGEST_ID} characters."
            raise _Wrong("invalid_custom_id", message, "custom_id")
        if custom_id in self._ids:
            message = f"The custom_id '{custom_id}' was used before: it must be unique for each request in a batch."
            raise _Wrong("duplicate_custom_id", message, "custom_id")
        self._ids.add(custom_id)

    def _check_body(self, body: object) -> None:
        if not isinstance(body, dict):
            raise _Wrong("invalid_body", "'body' must be an object.", "body")
        model = body.get("model")
        if not isinstance(model, str):
            raise _Wrong("missing_required_parameter", "Missing required parameter: 'body.model'.", "body.model")
        if self.model and model != self.model:
            message = f"The model '{model[:200]}' is not that of the requests before, '{self.model}'."
            raise _Wrong("model_mismatch", message, "body.model")
        if not self.model:
            if not self._is_known(model):
                raise _Wrong("model_not_found", f"The model '{model[:200]}' does not exist.", "body.model")
            self.model = model
