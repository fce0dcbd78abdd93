"""`system_fingerprint`: a mark of the weights that wrote an answer, the same wherever the same weights lie.

A hash of the base's and the adapter's files by content; names, dates and folders do not count. Of a large file it
reads its head and evenly spaced blocks, 64 MiB at most: training moves every weight, so no block stays as it was, and
the first answer of a model of many gigabytes does not wait for its last byte to be read.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

BLOCK = 64 * 1024
BLOCKS = 1024


def fingerprint(folder: Path) -> str:
    """Return the mark of a model's folder. Files are read once, and again when they change."""
    whole = hashlib.sha256()
    for file in [*_files(_base(folder)), *_files(folder)]:
        facts = file.stat()
        whole.update(_digest(file, facts.st_mtime_ns, facts.st_size))
    return "fp_" + whole.hexdigest()[:10]


def _base(folder: Path) -> Path | None:
    """Return the folder under an adapter, as the trainer noted it."""
    if not (folder / "adapter_config.json").exists():
        return None
    try:
        return Path(json.loads((folder / "tuneboard.json").read_text(encoding="utf-8"))["base"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files(folder: Path | None) -> list[Path]:
    """Return the files that decide what is written: the weights, and what turns text into tokens."""
    if folder is None:
        return []
    return [*sorted(folder.glob("*.safetensors")), *folder.glob("tokenizer.json"), *folder.glob("chat_template.jinja")]


@lru_cache(maxsize=1024)
def _digest(file: Path, _changed: int, size: int) -> bytes:
    found = hashlib.sha256(str(size).encode())
    step = max(size // BLOCKS, BLOCK)
    with file.open("rb") as stream:
        for start in range(0, size, step):
            stream.seek(start)
            found.update(stream.read(BLOCK))
    return found.digest()
