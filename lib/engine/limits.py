"""How much anyone may ask of the engine: one value, made when it starts and handed to whoever holds a limit.

Every limit is finite and every one may be set: the field `file_rows` is `TUNEBOARD_ENGINE_FILE_ROWS`. Reads settings;
knows nothing of what is done with the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from lib.config import Settings

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, the rest counts. Where OpenAI documents a limit, ours is the same."""

    file_bytes: int = 512 * MIB
    """One file sent to `/v1/files`."""
    upload_bytes: int = 8 * GIB
    """One file sent in parts to `/v1/uploads`."""
    part_bytes: int = 64 * MIB
    """One of those parts."""
    json_bytes: int = 16 * MIB
    """The body of any other request."""
    file_rows: int = 1_000_000
    """Lines of a training or validation file."""
    batch_rows: int = 50_000
    """Requests in a batch's file."""
    answers: int = 16
    """`n`, times the prompts of a request."""
    max_tokens: int = 32_768
    """Tokens of one answer; a model's context bounds it further."""
    streams: int = 64
    """Requests being answered by a model, whoever asked."""
    project_streams: int = 48
    """Of those, the requests of one project: it cannot shut the others out."""
    jobs: int = 1000
    """Jobs waiting or running, whoever asked."""
    project_jobs: int = 500
    """Of those, the jobs of one project."""
    project_running: int = 8
    """Jobs of one project that run at the same time, where there are so many devices."""
    project_batches: int = 100
    """Batches of one project that wait or run."""
    project_files: int = 10_000
    """Files and open uploads of one project."""
    project_bytes: int = 64 * GIB
    """Disk that the files, open uploads and tuned models of one project take."""
    project_hooks: int = 20
    """Addresses of one project that are told when something ends."""


DEFAULTS = Limits()


def read_limits(settings: Settings) -> Limits:
    """Return the limits that the operator set, and the defaults of the others."""
    return Limits(**{field.name: int(getattr(settings, f"engine_{field.name}")) for field in fields(Limits)})
