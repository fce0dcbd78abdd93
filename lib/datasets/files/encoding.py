"""Bytes -> text, with the encoding that fits and the evidence for it.

Decoding is strict: a byte that doesn't fit is a refusal or a note, never a replacement character. The whole file is
checked, in pieces, before any of it is read. Knows nothing of what the text means.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from typing import BinaryIO, TextIO

from lib.datasets.errors import BinaryFile, WrongEncoding
from lib.datasets.files.old_encodings import rank
from lib.datasets.table import Note, Origin
from lib.i18n import N_

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "gb18030": "GB18030 (GBK)",
    "big5": "Big5",
    "cp932": "Shift-JIS",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
"""What a user may choose: Python's codec -> the name people know it by."""

CANDIDATES = ["gb18030", "big5", "cp932", "cp1252"]
BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
SAMPLE = 64 * 1024
CHUNK = 1024 * 1024
STRAY_BYTES = 20
"""So many bytes that are not UTF-8 are forgiven in a file that otherwise is, each with a note."""
STRAYS = "tuneboard-strays"
CONTROL = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")
COMMON = re.compile(
    "[\t\n\r -~\u00a0-\u00ff\u0370-\u04ff\u2010-\u2030\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)


def stray_character(problem: UnicodeError) -> tuple[str, int]:
    """Read one byte that is not UTF-8 as Windows-1252; an error handler for codecs, named `STRAYS`."""
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    byte = problem.object[problem.start : problem.start + 1]
    return byte.decode("cp1252", "ignore") or chr(byte[0]), problem.start + 1


codecs.register_error(STRAYS, stray_character)


@dataclass(frozen=True)
class Text:
    """A file of text whose encoding is known, and what is worth saying about that."""

    file: BinaryIO
    encoding: str
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    errors: str = "strict"

    @contextmanager
    def open(self, newline: str = "") -> Iterator[TextIO]:
        """Give the text from its start, without a byte order mark. One reader at a time."""
        self.file.seek(0)
        text = TextIOWrapper(self.file, self.encoding, self.errors, newline)
        try:
            if text.read(1) != "\ufeff":
                text.seek(0)
            yield text
        finally:
            text.detach()

    def head(self, characters: int) -> str:
        """Return the first characters."""
        with self.open() as text:
            return text.read(characters)

    def whole(self) -> str:
        """Return all of it."""
        with self.open() as text:
            return text.read()


CHOSEN = N_("Read as {encoding}, as chosen: {rows} rows, 0 undecodable.")
BY_BOM = N_("Read as {encoding}: {rows} rows, 0 undecodable; the file says so in its first bytes.")
FITS = N_("Read as {encoding}: {rows} rows, 0 undecodable.")
FITS_BUT = N_("Read as {encoding}: {rows} rows; bytes that don't fit, each listed: {n}.")
LOOKS = N_(
    "Read as {encoding}: {rows} rows, 0 undecodable. It is not UTF-8 (line {line}, column {column}). "
    "Choose another encoding if characters look wrong."
)
UNSURE = N_(
    "Read as {encoding}: {rows} rows, 0 undecodable. It is not UTF-8 (line {line}, column {column}), and "
    "would fit these too: {others}. Choose one of them if characters look wrong."
)
UNKNOWN = N_(
    "Read as {encoding}: {rows} rows, 0 undecodable. It is not UTF-8 (line {line}, column {column}), and no encoding "
    "known here fits it well. Look at the characters, and save the file as UTF-8 if they are wrong."
)
STRAY = N_("Byte 0x{byte} is not UTF-8; it was read as “{character}” (Windows-1252).")


def find_encoding(file: BinaryIO, name: str, encoding: str | None = None) -> Text:
    """Find the encoding that the whole file fits; a chosen one must fit. Raises `WrongEncoding`, `BinaryFile`."""
    if encoding:
        refuse_misfit(file, name, encoding)
        return Text(file, encoding, [about(CHOSEN, encoding)])
    found = detect(file, name)
    head = found.head(SAMPLE)
    if len(CONTROL.findall(head)) > len(head) // 20 + 2:
        raise BinaryFile(file=name)
    return found


def detect(file: BinaryIO, name: str) -> Text:
    """Try what can be proven first (byte order mark, UTF-16, UTF-8), then the likeliest of the older encodings."""
    head = head_of(file)
    for bom, codec in BOMS:
        if head.startswith(bom):
            refuse_misfit(file, name, codec)
            return Text(file, codec, [about(BY_BOM, codec)])
    codec = bare_utf16(head)
    if codec and misfit(file, codec) is None:
        return Text(file, codec, [about(FITS, codec)])
    place = misfit(file, "utf-8")
    if place is None:
        return Text(file, "utf-8", [about(FITS, "utf-8")])
    return forgive(file) or older(file, place)


def about(template: str, codec: str, **values: str | int) -> Note:
    """Return a note about an encoding; the rows are counted later."""
    return Note(template, {"encoding": label(codec), "rows": 0, **values})


def head_of(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(SAMPLE)


def misfit(file: BinaryIO, codec: str) -> tuple[int, int] | None:
    """Return line and column of the first byte that an encoding has no character for; None when all fits."""
    decoder = codecs.getincrementaldecoder(codec)()
    line = column = 1
    file.seek(0)
    while True:
        chunk = file.read(CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as problem:
            before = problem.object[: problem.start].decode(problem.encoding, "ignore").removeprefix("\ufeff")
            return moved(line, column, before)
        if not chunk:
            return None
        line, column = moved(line, column, text.removeprefix("\ufeff"))


def moved(line: int, column: int, text: str) -> tuple[int, int]:
    """Return the place after a text that starts at a place."""
    lines = text.count("\n")
    return line + lines, len(text) - text.rfind("\n") if lines else column + len(text)


def refuse_misfit(file: BinaryIO, name: str, codec: str) -> None:
    """Raise `WrongEncoding` with the place that does not fit, or when there is no such encoding."""
    try:
        place = misfit(file, codec)
    except (LookupError, UnicodeError):
        place = (1, 1)
    if place:
        raise WrongEncoding(file=name, encoding=label(codec), line=place[0], column=place[1])


def bare_utf16(sample: bytes) -> str:
    """Return the UTF-16 codec of a text without a mark: made of characters that people use, in that order of bytes.

    Any text has a line end or a blank, which is a zero byte in UTF-16 and never one in the older encodings.
    """
    if b"\0" not in sample:
        return ""
    sample = sample[: len(sample) // 2 * 2]
    used = {codec: len(COMMON.findall(sample.decode(codec, "ignore"))) * 2 for codec in ("utf-16-le", "utf-16-be")}
    codec = max(used, key=lambda one: used[one])
    return codec if used[codec] >= 0.95 * len(sample) > 0 else ""


def forgive(file: BinaryIO) -> Text | None:
    """Read a file that is UTF-8 but for a few stray bytes, and name each; None when it is not such a file."""
    strays: list[Note] = []
    proven = 0
    file.seek(0)
    for number, line in enumerate(file, start=1):
        if line.isascii():
            continue
        text, start, found = "", 0, len(strays)
        while start < len(line):
            try:
                text += line[start:].decode("utf-8")
                break
            except UnicodeDecodeError as problem:
                if len(strays) == STRAY_BYTES:
                    return None
                character, _next = stray_character(problem)
                byte = line[start + problem.start]
                strays.append(Note(STRAY, {"byte": f"{byte:02x}", "character": character}, Origin(number)))
                text += line[start : start + problem.start].decode("utf-8") + character
                start += problem.start + 1
        proven += sum(character > "\x7f" for character in text) - (len(strays) - found)
    if proven < 10 * len(strays):
        return None
    return Text(file, "utf-8", [about(FITS_BUT, "utf-8", n=len(strays))], strays, STRAYS)


def older(file: BinaryIO, place: tuple[int, int]) -> Text:
    """Read with the likeliest older encoding that every byte fits, and name the others. Latin-1 always fits."""
    fitting = [codec for codec in CANDIDATES if misfit(file, codec) is None]
    likely = rank(telling_lines(file), fitting)
    chosen, *others = likely or fitting[-1:] or ["latin-1"]
    where: dict[str, str | int] = {"line": place[0], "column": place[1], "others": ", ".join(map(label, others))}
    template = UNSURE if others else LOOKS if likely else UNKNOWN
    return Text(file, chosen, [about(template, chosen, **where)])


def telling_lines(file: BinaryIO) -> bytes:
    """Return the lines that hold bytes outside ASCII, up to a sample's size."""
    lines: list[bytes] = []
    size = 0
    file.seek(0)
    for line in file:
        if not line.isascii():
            lines.append(line[:SAMPLE])
            size += len(lines[-1])
        if size >= SAMPLE:
            break
    return b"".join(lines)


def label(encoding: str) -> str:
    """Return the name people know a codec by."""
    return ENCODINGS.get(encoding, encoding)
