"""Multipart forms that carry one file, written to its folder while it arrives: once, and never through memory or /tmp.

Promises a form whose fields are texts given once and known by name, or an `ApiError`; a form that breaks off leaves
nothing on the disk. Only the reading of multipart is left to starlette.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from lib.engine.errors import ApiError, invalid
from lib.engine.files.folder import Folder, Incoming
from lib.engine.limits import MIB

LONGEST_NAME = 255
MOST_FIELDS = 20


@dataclass(frozen=True)
class Form:
    """What a form holds; `file` is written, but not finished."""

    fields: dict[str, str]
    file: Incoming
    filename: str


@asynccontextmanager
async def reading_form(
    request: Request, file_field: str, folder: Folder, prefix: str, most: int, fields: Collection[str] = ()
) -> AsyncIterator[Form]:
    """Read a form; its file lies under an id that begins with `prefix` once it is finished, and not otherwise."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(415, "Send the file as 'multipart/form-data'.", code="unsupported_content_type")
    async with aclosing(request.stream()) as stream:
        parser = _ToDisk(request, stream, folder, prefix, most)
        try:
            parsed = await parser.parse()
            yield _form(parsed.multi_items(), file_field, parser.file, fields)
        except MultiPartException as problem:
            raise invalid(f"We could not parse your form. {problem.message}") from None
        finally:
            if parser.file:
                parser.file.close()


class _ToDisk(MultiPartParser):
    """Starlette's parser, which writes files where the folder says."""

    def __init__(self, request: Request, stream: Any, folder: Folder, prefix: str, most: int) -> None:
        super().__init__(request.headers, stream, max_files=1, max_fields=MOST_FIELDS)
        self.file: Incoming | None = None
        self._folder, self._prefix, self._most = folder, prefix, most

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if upload := self._current_part.file:
            upload.file.close()
            self.file = self._folder.begin(self._prefix)
            upload.file = cast(BinaryIO, _Bounded(self.file, self._most))


class _Bounded:
    """As much of a file as starlette's parser needs, and no longer than it may be."""

    def __init__(self, file: Incoming, most: int) -> None:
        self._file, self._most = file, most

    def write(self, data: bytes) -> int:
        if self._file.size + len(data) > self._most:
            message = f"The file is too large: at most {self._most // MIB} MiB are taken."
            raise ApiError(413, message, code="request_too_large")
        return self._file.write(data)

    def seek(self, _offset: int) -> None:
        """Stay: whoever reads the file opens it anew."""

    def close(self) -> None:
        self._file.close()


def _form(items: list[tuple[str, Any]], file_field: str, file: Incoming | None, known: Collection[str]) -> Form:
    fields: dict[str, str] = {}
    filename = None
    for name, value in items:
        if name == file_field and not isinstance(value, str):
            filename = shown_name(value.filename or "")
        elif name not in known:
            raise invalid(f"Unrecognized request argument supplied: {name[:LONGEST_NAME]}", name, "unknown_parameter")
        elif name in fields or not isinstance(value, str):
            raise invalid(f"'{name}' must be a text, given once.", name, "invalid_value")
        else:
            fields[name] = value
    if file is None or filename is None:
        raise invalid(f"Missing required parameter: '{file_field}'.", file_field, "missing_required_parameter")
    return Form(fields, file, filename)


def shown_name(name: str) -> str:
    """Return the name as it will be shown: any text without control characters."""
    return "".join(c for c in name if c.isprintable())[:LONGEST_NAME] or "file"
