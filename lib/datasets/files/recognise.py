"""Files that hold no dataset: what they are instead, and where they belong.

Result files and listings of jobs are known by their columns, other files by their first bytes or characters.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lib.datasets.errors import ApiAnswer, JobListing, ResultFile, UnsupportedFile

METRIC = re.compile(
    r"(train|valid|full_valid|training|validation|eval|test)_\w*(loss|accuracy|reward|error_count|tokens_mean|score)\w*"
    r"|classification/[\w./]+|loss"
)
NUMBER = re.compile(r"\s*(-?[\d.]+([eE][-+]?\d+)?|nan|NaN|None|null)?\s*")
JOB_IDS = re.compile(r"(ft-|ftjob-|ftevent-|ftckpt_|ftckpt-)\w+")
JOB_KEYS = {"fine_tuned_model", "hyperparams", "hyperparameters", "training_file", "training_files", "trained_tokens"}
JOB_OBJECTS = {"fine-tune", "fine-tune-event"}
API_OBJECTS = {
    "file",
    "model",
    "batch",
    "chat.completion",
    "chat.completion.chunk",
    "text_completion",
    "response",
    "embedding",
    "error",
}

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = [
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"Rar!", "RAR"),
    (0, b"7z\xbc\xaf", "7z"),
    (257, b"ustar", "TAR"),
    (0, b"%PDF-", "PDF"),
    (0, b"\x89PNG", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftyp", "video"),
    (0, b"PAR1", "Parquet"),
    (0, b"ARROW1", "Arrow"),
    (0, b"Obj\x01", "Avro"),
    (0, b"ORC\x03", "ORC"),
    (0, b"\x93NUMPY", "NumPy"),
    (0, b"\x89HDF", "HDF5"),
    (0, b"SQLite format 3", "SQLite"),
    (0, b"GGUF", "GGUF"),
    (0, b"\x7fELF", "machine code"),
    (0, b"{\\rtf1", "RTF"),
    (8, b'{"__metadata__"', "safetensors"),
    *((0, bytes([0x80, version]), "pickle") for version in range(2, 6)),
]
WRITTEN = {"PDF", "RTF"}
"""Kinds that may be text from end to end."""
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""A name made of letters makes a file foreign only beside bytes that no text holds: a column may be called GGUF."""
MARKUP = [
    (re.compile(r"\s*(<!doctype html|<html\b)", re.IGNORECASE), "HTML"),
    (re.compile(r"\s*<svg\b", re.IGNORECASE), "SVG"),
    (re.compile(r"\s*(<\?xml\b|<!DOCTYPE\b|<[A-Za-z][\w.:-]*(\s+[\w.:-]+\s*=\s*[\"'][^\"']*[\"'])*\s*/?>\s*<)"), "XML"),
]


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise for files that are known by their first bytes and hold no rows for us."""
    for at, start, kind in FOREIGN:
        if head.startswith(start, at) and (kind in WRITTEN or not start.isascii() or NO_TEXT.search(head)):
            raise UnsupportedFile(file=name, kind=kind)
    if head.startswith(OLE) and "WordDocument".encode("utf-16-le") in head:
        raise UnsupportedFile(file=name, kind="DOC")


def refuse_markup(head: str, name: str) -> None:
    """Raise for XML and HTML, which hold text but no rows."""
    for pattern, kind in MARKUP:
        if pattern.match(head):
            raise UnsupportedFile(file=name, kind=kind)


def refuse_other_files(columns: Iterable[str], first_row: Sequence[object], name: str) -> None:
    """Raise if the columns are those of a result file, or those of something an API answers."""
    named = [column.strip().lower() for column in columns]
    cells = dict(zip(named, first_row, strict=False))
    metrics = [column for column in named if METRIC.fullmatch(column)]
    if "step" in named and metrics and all(is_number(cells.get(column, "")) for column in metrics):
        raise ResultFile(file=name)
    refuse_api_objects(cells, name)


def is_number(cell: object) -> bool:
    """Say whether a cell is a number or blank."""
    return isinstance(cell, str) and bool(NUMBER.fullmatch(cell))


def refuse_api_objects(value: Any, name: str) -> None:
    """Raise if an object is one that an API answers: a job, one of its events, a file, an answer of a model."""
    if not isinstance(value, dict):
        return
    if {"cells", "nbformat"} <= value.keys():
        raise UnsupportedFile(file=name, kind="a Jupyter notebook")
    kind = value.get("object")
    is_job = any(isinstance(cell, str) and JOB_IDS.fullmatch(cell) for cell in value.values())
    if kind in JOB_OBJECTS or str(kind).startswith("fine_tuning.job"):
        raise JobListing(file=name)
    if is_job and ("object" in value or len(value.keys() & JOB_KEYS) >= 2):
        raise JobListing(file=name)
    if isinstance(kind, str) and kind in API_OBJECTS and value.keys() & {"id", "created", "created_at", "choices"}:
        raise ApiAnswer(file=name, kind=kind)


def refuse_wrapped_results(head: bytes, name: str) -> None:
    """Raise if the bytes are a result file in base64, as OpenAI serves it."""
    packed = b"".join(head[:4096].split())
    packed = packed[: len(packed) // 4 * 4]
    try:
        text = base64.b64decode(packed, validate=True).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return
    header, _end, rest = text.removeprefix("\ufeff").partition("\n")
    refuse_other_files(header.split(","), rest.partition("\n")[0].split(","), name)
