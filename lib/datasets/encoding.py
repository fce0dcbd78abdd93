"""Bytes -> text, with the encoding that fits and the evidence for it.

Decoding is strict: a byte that doesn't fit is a refusal or a note, never a replacement character. Knows nothing of
what the text means.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from io import BytesIO

from charset_normalizer import from_bytes

from lib.datasets.errors import BinaryFile, WrongEncoding
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
BOMS = [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]
SAMPLE = 64 * 1024
STRAY_BYTES = 20
"""So many bytes that are not UTF-8 are forgiven in a file that otherwise is, each with a note."""
CONTROL = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")
HALF_WIDTH = re.compile("[｡-ﾟ]")


@dataclass(frozen=True)
class Decoded:
    """The text, the codec that gave it, and what is worth saying about it."""

    text: str
    encoding: str
    evidence: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def decode(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    """Decode a whole file; `encoding` overrides what is detected and must fit."""
    if encoding:
        return Decoded(decode_as(data, name, encoding), encoding, [Note(CHOSEN, {"encoding": label(encoding)})])
    found = detect(data, name)
    if len(CONTROL.findall(found.text[:SAMPLE])) > len(found.text[:SAMPLE]) // 20 + 2:
        raise BinaryFile(file=name)
    return found


CHOSEN = N_("Read as {encoding}, as chosen.")
BY_BOM = N_("Read as {encoding}: the file says so in its first bytes.")
FITS = N_("Read as {encoding}: every byte fits.")
LOOKS = N_("Read as {encoding}: not UTF-8, and this fits the text best. Choose another if characters look wrong.")
STRAY = N_("Byte 0x{byte} is not UTF-8; it was read as “{character}” (Windows-1252).")


def detect(data: bytes, name: str) -> Decoded:
    """Try what can be proven first (byte order mark, UTF-8, UTF-16), then the likeliest of the older encodings."""
    for bom, codec in BOMS:
        if data.startswith(bom):
            text = decode_as(data, name, codec)
            return Decoded(text, codec, [Note(BY_BOM, {"encoding": label(codec)})])
    if codec := bare_utf16(data):
        return Decoded(decode_as(data, name, codec), codec, [Note(FITS, {"encoding": label(codec)})])
    try:
        return Decoded(data.decode("utf-8"), "utf-8", [Note(FITS, {"encoding": label("utf-8")})])
    except UnicodeDecodeError:
        return forgive(data) or older(data)


def bare_utf16(data: bytes) -> str:
    """Return the UTF-16 codec when every other byte is mostly zero, as in Western text without a mark."""
    sample = data[:SAMPLE]
    half = len(sample) // 2
    if len(data) % 2 or half == 0:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.4 * half or min(even, odd) > 0.05 * half:
        return ""
    codec = "utf-16-le" if odd > even else "utf-16-be"
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return ""
    return codec


def forgive(data: bytes) -> Decoded | None:
    """Read a file that is UTF-8 but for a few stray bytes, and name each; None when it is not such a file."""
    strays: list[Note] = []
    pieces: list[str] = []
    start = 0
    while start < len(data):
        try:
            pieces.append(data[start:].decode("utf-8"))
            break
        except UnicodeDecodeError as problem:
            at = start + problem.start
            if len(strays) == STRAY_BYTES:
                return None
            character = bytes([data[at]]).decode("cp1252", "ignore") or chr(data[at])
            where = Origin(data.count(b"\n", 0, at) + 1)
            strays.append(Note(STRAY, {"byte": f"{data[at]:02x}", "character": character}, where))
            pieces += [data[start:at].decode("utf-8"), character]
            start = at + 1
    text = "".join(pieces)
    proven = sum(character > "\x7f" for character in text) - len(strays)
    if proven < 10 * len(strays):
        return None
    return Decoded(text, "utf-8", [Note(FITS_BUT, {"encoding": label("utf-8"), "n": len(strays)})], strays)


FITS_BUT = N_("Read as {encoding}; bytes that don't fit, each listed: {n}.")


def older(data: bytes) -> Decoded:
    """Read with the likeliest older encoding that decodes every byte. Latin-1 always does."""
    ranked = [match.encoding for match in from_bytes(telling_lines(data), cp_isolation=CANDIDATES)]
    for codec in [*ranked, *CANDIDATES]:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if not only_half_width(text):
            return Decoded(text, codec, [Note(LOOKS, {"encoding": label(codec)})])
    return Decoded(data.decode("latin-1"), "latin-1", [Note(LOOKS, {"encoding": label("latin-1")})])


def telling_lines(data: bytes) -> bytes:
    """Return the lines that hold bytes outside ASCII, up to a sample's size."""
    lines: list[bytes] = []
    size = 0
    for line in BytesIO(data):
        if not line.isascii():
            lines.append(line[:SAMPLE])
            size += len(lines[-1])
        if size >= SAMPLE:
            break
    return b"".join(lines)


def only_half_width(text: str) -> bool:
    """Say whether all that makes a text Japanese is half-width katakana: such a byte is © or é elsewhere."""
    foreign = {character for character in text if character > "\x7f"}
    return bool(foreign) and all(HALF_WIDTH.match(character) for character in foreign)


def decode_as(data: bytes, name: str, encoding: str) -> str:
    """Decode strictly, without a byte order mark; raise `WrongEncoding` with the place that does not fit."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        before = data[: problem.start].decode(encoding, "ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise WrongEncoding(file=name, encoding=label(encoding), line=line, column=column) from problem
    except LookupError as problem:
        raise WrongEncoding(file=name, encoding=encoding, line=1, column=1) from problem
    return text.removeprefix("\ufeff")


def label(encoding: str) -> str:
    """Return the name people know a codec by."""
    return ENCODINGS.get(encoding, encoding)
