"""`.gz` and `.zip` -> the one file that is packed inside.

What comes out is counted while it is unpacked, whatever the archive says of itself; more than a limit is refused, and
so is an archive inside an archive. A workbook is a ZIP archive too, and stays what it is.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from lib.datasets.errors import BrokenArchive, EmptyFile, ManyFiles, NestedArchive, UnpacksTooLarge, UnsupportedFile
from lib.datasets.table import Note
from lib.i18n import N_

GZIP, ZIP = b"\x1f\x8b", b"PK"
MAX_UNPACKED = 512 * 2**20
"""Bytes, as many as an upload may have (OpenAI takes files of up to 512 MB)."""
UTF8_NAME = 0x800
"""The flag of a member whose name is UTF-8."""
CHUNK = 2**20
SHOWN_NAMES = 5
WORKBOOK = "xl/workbook.xml"
OFFICE = {"word/document.xml": "DOCX", "ppt/presentation.xml": "PPTX", "xl/workbook.bin": "XLSB"}
OTHERS = {"mimetype": "ODS, ODT or EPUB", "META-INF/MANIFEST.MF": "JAR"}
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)

UNPACKED = N_("Unpacked from {archive}: {inside}.")


@dataclass(frozen=True)
class Packed:
    """The file to read, the name that says its kind, and what is worth saying about where it came from."""

    file: BinaryIO
    name: str
    evidence: list[Note]


@contextmanager
def unpacked(file: BinaryIO, name: str) -> Iterator[Packed]:
    """Give what an archive holds, or the file itself when it is none, for as long as it is read."""
    start = magic(file)
    with TemporaryFile() as target:
        if start == GZIP:
            gunzip(file, name, target)
            yield opened(target, name[:-3] if name.lower().endswith(".gz") else name, name)
        elif start == ZIP and (member := only_member(file, name)):
            unzip(file, member, name, target)
            yield opened(target, name_of(member), name)
        else:
            yield Packed(file, name, [])


def magic(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(2)


def opened(file: BinaryIO, inside: str, name: str) -> Packed:
    """Return an unpacked file, unless it is an archive again."""
    start = magic(file)
    if start == GZIP or (start == ZIP and not is_workbook(file)):
        raise NestedArchive(file=name, inside=inside)
    if not start:
        raise EmptyFile(file=name)
    return Packed(file, inside, [Note(UNPACKED, {"archive": name, "inside": inside})])


def is_workbook(file: BinaryIO) -> bool:
    """Say whether a ZIP archive is an XLSX workbook."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return WORKBOOK in archive.namelist()
    except BROKEN:
        return False


def only_member(file: BinaryIO, name: str) -> zipfile.ZipInfo | None:
    """Return the one file in a ZIP archive; None when the archive is a workbook."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except BROKEN as problem:
        raise BrokenArchive(file=name, detail=str(problem)) from problem
    names = {member.filename for member in members}
    if WORKBOOK in names:
        return None
    for part, kind in (OFFICE | OTHERS).items():
        if part in names:
            raise UnsupportedFile(file=name, kind=kind)
    if any(part.endswith("/data.pkl") for part in names):
        raise UnsupportedFile(file=name, kind="PyTorch")
    files = [member for member in members if is_content(member)]
    if not files:
        raise EmptyFile(file=name)
    if len(files) > 1:
        shown = ", ".join(name_of(member) for member in files[:SHOWN_NAMES])
        more = ", …" if len(files) > SHOWN_NAMES else ""
        raise ManyFiles(file=name, n=len(files), names=shown + more)
    return files[0]


def name_of(member: zipfile.ZipInfo) -> str:
    """Return the name of a member.

    Chinese Windows writes it in GBK without saying so, and `zipfile` reads it as code page 437, as the ZIP
    specification has it (appendix D).
    """
    name = PurePosixPath(member.filename).name
    if member.flag_bits & UTF8_NAME or name.isascii():
        return name
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name


def is_content(member: zipfile.ZipInfo) -> bool:
    """Say whether a member is a file that somebody packed, not a folder or what a Mac adds."""
    path = PurePosixPath(member.filename)
    return (
        not member.is_dir()
        and "__MACOSX" not in path.parts
        and not path.name.startswith("._")
        and path.name
        not in (
            ".DS_Store",
            "Thumbs.db",
        )
    )


def gunzip(file: BinaryIO, name: str, target: BinaryIO) -> None:
    """Unpack a gzip file."""
    file.seek(0)
    with gzip.GzipFile(fileobj=file) as packed:
        copy(packed, name, target)


def unzip(file: BinaryIO, member: zipfile.ZipInfo, name: str, target: BinaryIO) -> None:
    """Unpack one member of a ZIP archive; what the archive admits to is not even begun."""
    if member.file_size > MAX_UNPACKED:
        raise UnpacksTooLarge(file=name, limit=MAX_UNPACKED // 2**20)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive, archive.open(member) as packed:
            copy(packed, name, target)
    except BROKEN as problem:
        raise BrokenArchive(file=name, detail=str(problem)) from problem


def copy(packed: IO[bytes] | gzip.GzipFile, name: str, target: BinaryIO) -> None:
    """Copy what comes out of an archive; refuse it when it is too much."""
    try:
        while chunk := packed.read(CHUNK):
            if target.tell() + len(chunk) > MAX_UNPACKED:
                raise UnpacksTooLarge(file=name, limit=MAX_UNPACKED // 2**20)
            target.write(chunk)
    except BROKEN as problem:
        raise BrokenArchive(file=name, detail=str(problem)) from problem
