"""The parts of an upload, read one after the other as if they were one file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lib.engine.files.folder import CHUNK


class Joined:
    """Files read as if they were one, and the MD5 checksum of what was read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(reversed(paths))
        self._file: BinaryIO | None = None
        self.md5 = hashlib.md5(usedforsecurity=False)

    def read(self, _size: int = CHUNK) -> bytes:
        """Return the next bytes, none at the end."""
        while self._file or self._paths:
            if self._file is None:
                self._file = self._paths.pop().open("rb")
            if data := self._file.read(_size):
                self.md5.update(data)
                return data
            self.close()
        return b""

    def close(self) -> None:
        """Close the file that is being read."""
        if self._file:
            self._file.close()
            self._file = None
