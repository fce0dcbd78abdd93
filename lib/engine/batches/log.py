"""The answers of a batch as far as they are given, in two files: those that succeeded and those that did not.

Each answer is a line, appended and synced before it counts: an engine that is killed goes on where it was and asks
nothing twice that was answered. The lines are those of OpenAI's output and error files.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from lib.datasets import jsonl
from lib.engine.files.folder import refusing_when_full
from lib.engine.files.lines import LONGEST_LINE, read_lines
from lib.engine.ids import new_id

OUTPUT, ERRORS = "output.jsonl", "errors.jsonl"


class BatchLog:
    """The log in a batch's folder, with what is in it already. Any thread may add to it."""

    def __init__(self, folder: Path) -> None:
        self.done: set[str] = set()
        self.completed = 0
        self.failed = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self._folder = folder
        self._lock = threading.Lock()
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        for name in (OUTPUT, ERRORS):
            if (folder / name).exists():
                _cut_half_line(folder / name)
                for _number, line in read_lines(folder / name):
                    if not isinstance(line, jsonl.BrokenLine):
                        self._count(line)

    @property
    def usage(self) -> dict[str, Any]:
        """Return OpenAI's usage object of the whole batch."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }

    def answered(self, custom_id: str, status: int, body: dict[str, Any]) -> None:
        """Keep an answer, good or bad, as a client would have got it."""
        response = {"status_code": status, "request_id": new_id("req_", 32), "body": body}
        self._append(OUTPUT if status == 200 else ERRORS, custom_id, response, None)

    def unanswered(self, custom_id: str, code: str, message: str) -> None:
        """Keep why a request was never answered."""
        self._append(ERRORS, custom_id, None, {"code": code, "message": message})

    def close(self) -> None:
        """Take nothing more, not even from a thread that is still at it: the next log begins from what is there."""
        with self._lock:
            self._closed = True

    def path(self, name: str) -> Path | None:
        """Return the path of one of the two files if it has any line."""
        path = self._folder / name
        return path if path.exists() and path.stat().st_size else None

    def _append(self, name: str, custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> None:
        line = {"id": new_id("batch_req_"), "custom_id": custom_id, "response": response, "error": error}
        with self._lock:
            if custom_id not in self.done and not self._closed:  # an answer may come while the batch is being ended
                _append_line(self._folder / name, json.dumps(line, ensure_ascii=False).encode() + b"\n")
                self._count(line)

    def _count(self, line: dict[str, Any]) -> None:
        self.done.add(line["custom_id"])
        response = line["response"]
        if response and response["status_code"] == 200:
            self.completed += 1
            usage = response["body"].get("usage") or {}
            self.input_tokens += usage.get("prompt_tokens", 0)
            self.output_tokens += usage.get("completion_tokens", 0)
        else:
            self.failed += 1


def _append_line(path: Path, data: bytes) -> None:
    """Add a whole line or nothing."""
    with refusing_when_full(), path.open("ab", buffering=0) as file:
        end, left = file.tell(), memoryview(data)
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _cut_half_line(path: Path) -> None:
    """Drop the half line that a killed engine may have left."""
    with path.open("r+b") as file:
        start = max(0, path.stat().st_size - LONGEST_LINE)
        file.seek(start)
        file.truncate(start + file.read().rfind(b"\n") + 1)
