"""Checks a training or validation file, line by line, before a job takes its place in the queue.

Promises that a file which passes has enough examples of one format, each with something to learn, and that a file
which fails says which line, which column, and OpenAI's code for it. Reads in a stream; knows nothing of jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.datasets import jsonl

MIN_EXAMPLES = 10
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_BOM = b"\xef\xbb\xbf"


class NotAnExample(Exception):
    """What is wrong with one line."""


class InvalidFile(Exception):
    """Why a file cannot be trained on, in the form that a job's `error` has."""

    def __init__(self, code: str, message: str, param: str) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param

    def error(self) -> dict[str, Any]:
        """Return the job's error object."""
        return {"code": self.code, "message": self.message, "param": self.param}


def check_file(path: Path, param: str = "training_file", minimum: int = MIN_EXAMPLES) -> str:
    """Return the format of a good file, `chat` or `completion`; raise `InvalidFile` for any other."""
    name = param.replace("_", " ").capitalize()
    seen: dict[str, int] = {}
    count = 0
    for number, record in _records(path, param):
        count += 1
        try:
            seen.setdefault(check_record(record), number)
        except NotAnExample as problem:
            raise InvalidFile(f"invalid_{param}", f"{name}: line {number}: {problem}.", param) from None
        if len(seen) > 1:
            message = f"{name}: line {number} has another format than line {min(seen.values())}: use one in a file."
            raise InvalidFile(f"invalid_{param}", message, param)
    if count < minimum:
        message = f"{name} has {count} example(s), but must have at least {minimum} examples."
        raise InvalidFile("invalid_n_examples", message, param)
    return next(iter(seen), "")


def check_record(record: dict[str, Any]) -> str:
    """Return the format of one example; raise `NotAnExample` with a sentence if it is none."""
    if "messages" in record:
        _check_messages(record["messages"])
        return "chat"
    if "preferred_output" in record:
        raise NotAnExample('it prefers one answer to another, which is not learnt here: give "messages"')
    for key in ("prompt", "completion"):
        if not isinstance(record.get(key), str):
            raise NotAnExample(f'"{key}" must be a text, or give "messages"')
    if not record["completion"].strip():
        raise NotAnExample('"completion" is empty: there is nothing to learn')
    return "completion"


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise NotAnExample('"messages" must be a list with at least one message')
    for position, message in enumerate(messages, 1):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise NotAnExample(f'message {position} must have a "role": system, user or assistant')
        if message.get("weight") not in (None, 0, 1):
            raise NotAnExample(f'"weight" of message {position} must be 0 or 1')
        if not _is_text(message.get("content")) and not message.get("tool_calls"):
            raise NotAnExample(f'"content" of message {position} must be a text')
    if not any(m["role"] == "assistant" and m.get("weight") != 0 for m in messages):
        raise NotAnExample("there is no assistant message to learn from")


def _is_text(content: object) -> bool:
    if isinstance(content, list):
        return all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content)
    return isinstance(content, str)


def _records(path: Path, param: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            raw = line.removeprefix(_BOM) if number == 1 else line
            if raw.strip():
                found = _decode(raw, number)
                if isinstance(found, jsonl.BrokenLine):
                    where = f"Line {number}, column {found.column}"
                    message = f"Expected a JSONL file, one JSON object a line. {where}: {found.detail}."
                    raise InvalidFile("invalid_file_format", message, param)
                yield found


def _decode(raw: bytes, number: int) -> tuple[int, dict[str, Any]] | jsonl.BrokenLine:
    try:
        return jsonl.parse(raw.decode("utf-8"), number)
    except UnicodeDecodeError as problem:
        return jsonl.BrokenLine(number, problem.start + 1, "not UTF-8")
