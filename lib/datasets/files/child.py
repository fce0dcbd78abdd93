"""Read one file in a process of its own: a request on standard input, the rows to a spool, the answer on output.

A hostile file can take all memory, abort the parser or keep it busy for ever. Here it does so to this process, which
has limits on memory and processor time, and to nobody else's. Started by `lib.datasets.files.spool`; imports nothing
heavy.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from lib.datasets.errors import DatasetError
from lib.datasets.files.readers import reading
from lib.datasets.files.spool_file import write_spool

OUT_OF_MEMORY = "out of memory"


def main() -> None:
    """Answer with {"rows"}, a refusal as `DatasetError.to_json` gives it, or {"failed"}; one line of JSON."""
    request: dict[str, Any] = json.load(sys.stdin)
    limit(request["memory"], request["seconds"])
    try:
        answer = read(request)
    except DatasetError as refusal:
        answer = refusal.to_json()
    except MemoryError:
        answer = {"failed": OUT_OF_MEMORY}
    sys.stdout.write(json.dumps(answer) + "\n")


def read(request: dict[str, Any]) -> dict[str, Any]:
    """Read the file that a request names into a spool."""
    with Path(request["path"]).open("rb") as file, reading(file, request["name"], **request["how"]) as found:
        return {"rows": write_spool(Path(request["to"]), found)}


def limit(memory: int, seconds: int) -> None:
    """Cap this process in bytes and seconds of processor time, where the system can do that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
