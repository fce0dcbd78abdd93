"""Bytes of a result file -> its text. OpenAI serves the CSV as base64 text, Azure as it is, spreadsheets with a BOM."""

from __future__ import annotations

import base64
import binascii
import codecs
import re

from lib.results.errors import EmptyResultFile, NotText

BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
HEAD = re.compile(rb"(\xef\xbb\xbf)?[\t\r\n -~]+")
TABULAR = (b",", b"\t", b";")


def text_of(data: bytes, file: str) -> str:
    """Return the CSV text; `file` is the name that refusals speak of."""
    plain = _unwrapped(data)
    text = _decode(plain, file)
    if "\0" in text:
        raise NotText(file=file, byte=text.index("\0"))
    if not text.strip():
        raise EmptyResultFile(file=file)
    return text


def _unwrapped(data: bytes) -> bytes:
    """Return what base64 wraps, or the bytes themselves. A table holds separators, which base64 never does."""
    raw = data.removeprefix(codecs.BOM_UTF8).strip().strip(b'"')
    if not BASE64.fullmatch(raw):
        return data
    packed = b"".join(raw.split())
    try:
        inner = base64.b64decode(packed[: len(packed) // 4 * 4], validate=True)  # a cut-off download ends mid-group
    except binascii.Error:
        return data
    return inner if _is_table(inner) else data


def _is_table(data: bytes) -> bool:
    """Say whether bytes begin like a table: the word `loss` happens to be base64 too, of something that is none."""
    return bool(HEAD.fullmatch(data[:64])) and any(separator in data for separator in TABULAR)


def _decode(data: bytes, file: str) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise NotText(file=file, byte=problem.start) from problem
