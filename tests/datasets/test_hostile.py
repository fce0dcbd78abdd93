"""Files that were made to harm whoever reads them, each read as the server reads it: in a process of its own.

Every one ends in a table or in a refusal that says what, why and what to do, in bounded time and memory.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.datasets.errors import (
    BinaryFile,
    BrokenJson,
    BrokenWorkbook,
    CellTooLong,
    DatasetError,
    NestedTooDeep,
    SheetTooLarge,
    TooManyColumns,
    TooMuchMemory,
    UnclosedQuote,
    UnpacksTooLarge,
    UnsupportedFile,
    YamlReference,
)
from lib.datasets.files import spool as spool_module
from lib.datasets.files.spool import spool
from lib.datasets.files.spool_file import table_of
from lib.datasets.table import Table

Read = Callable[[bytes, str], Table]

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
WIDE = [f"c{n}" for n in range(100_000)]
HUGE = b"0" * (520 * 2**20)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a file in the guarded process; nothing may stay behind, and no refusal may lack a sentence."""

    def run(data: bytes, name: str) -> Table:
        (tmp_path / "in").write_bytes(data)
        begun = time.monotonic()
        try:
            return table_of(spool(tmp_path / "in", name, tmp_path / "out"))
        except DatasetError as refusal:
            words = refusal.explain()
            assert name in words.what
            assert words.why
            assert words.todo
            assert not (tmp_path / "out").exists()
            raise
        finally:
            assert time.monotonic() - begun < 30

    return run


def sheet(inside: str, head: str = "") -> str:
    return f"{head}<worksheet {MAIN}>{inside}</worksheet>"


def bomb_of_aliases() -> bytes:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{k}: &{k} [{', '.join(['*' + before] * 9)}]" for before, k in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines).encode()


REFUSED: dict[str, tuple[str, Callable[[], bytes], type[DatasetError]]] = {
    "gzip bomb": ("a.csv.gz", lambda: gzip.compress(HUGE, 1), UnpacksTooLarge),
    "aliases": ("a.yaml", bomb_of_aliases, YamlReference),
    "merge keys": ("a.yaml", lambda: b"- &a {x: 1}\n- {<<: *a, y: 2}\n", YamlReference),
    "deep yaml": ("a.yaml", lambda: b"[" * 200_000, NestedTooDeep),
    "deep json": ("a.json", lambda: b"[" * 200_000 + b"]" * 200_000, NestedTooDeep),
    "deep objects": ("a.json", lambda: b'{"a":' * 200_000 + b"1" + b"}" * 200_000, NestedTooDeep),
    "wide csv": ("a.csv", lambda: ",".join(WIDE).encode() + b"\n" + b"x," * 99_999 + b"x\n", TooManyColumns),
    "wide json": ("a.json", lambda: json.dumps([dict.fromkeys(WIDE, "x")]).encode(), TooManyColumns),
    "cell of 50 MB": ("a.csv", lambda: b'a,b\n"' + b"x" * 50_000_000 + b'",c\n', CellTooLong),
    "string of 50 MB": ("a.json", lambda: b'[{"a": "' + b"x" * 50_000_000 + b'"}]', CellTooLong),
    "line of 50 MB": ("a.txt", lambda: b"x" * 50_000_000, CellTooLong),
    "huge number": ("a.json", lambda: b'[{"a": ' + b"9" * 5000 + b"}]", BrokenJson),
    "not a number": ("a.json", lambda: b'[{"a": NaN}]', BrokenJson),
    "key given twice": ("a.json", lambda: b'[{"a": 1, "a": 2}]', BrokenJson),
    "half a character": ("a.json", lambda: rb'[{"a": "\ud800"}]', BrokenJson),
    "open quote": ("a.csv", lambda: b"a,b\n" + b'"' + b"x,y\n" * 100_000, UnclosedQuote),
    "zeros": ("a.csv", lambda: b"\0" * 100_000, BinaryFile),
    "noise": ("a.csv", lambda: os.urandom(100_000), DatasetError),
    "pickle": ("a.csv", lambda: pickle.dumps({"a": 1}), UnsupportedFile),
    "entities": ("a.xml", lambda: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', UnsupportedFile),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_time(read: Read, case: str) -> None:
    name, make, refusal = REFUSED[case]
    with pytest.raises(refusal):
        read(make(), name)


SHEETS = {
    "far corner": (
        sheet(
            '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
            '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
        SheetTooLarge,
    ),
    "claimed size": (sheet('<dimension ref="A1:XFD1048576"/><sheetData/>'), SheetTooLarge),
    "external entity": (
        sheet("<sheetData>&x;</sheetData>", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        BrokenWorkbook,
    ),
    "billion laughs": (
        sheet("<sheetData>&b;</sheetData>", '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'),
        BrokenWorkbook,
    ),
}


@pytest.mark.parametrize("case", SHEETS)
def test_a_workbook_is_refused_before_it_is_parsed(
    read: Read, workbook_of_xml: Callable[[dict[str, str]], bytes], case: str
) -> None:
    xml, refusal = SHEETS[case]
    with pytest.raises(refusal):
        read(workbook_of_xml({"s": xml}), "a.xlsx")


def test_archives_that_admit_what_they_are_are_not_even_begun(
    read: Read, archive: Callable[[dict[str, bytes]], bytes]
) -> None:
    begun = time.monotonic()
    for parts, name in (({"a.csv": HUGE}, "a.zip"), ({"xl/workbook.xml": b"<a/>", "xl/big": HUGE}, "a.xlsx")):
        data = archive(parts)
        begun = time.monotonic()
        with pytest.raises(UnpacksTooLarge):
            read(data, name)
        assert time.monotonic() - begun < 5


def test_the_parser_of_workbooks_may_die_of_what_the_checks_miss(
    read: Read, workbook_of_xml: Callable[[dict[str, str]], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded = "import lib.datasets.files.workbook as w; w.check_workbook = lambda *_: None; "
    monkeypatch.setattr(spool_module, "START", spool_module.START.replace("from lib", unguarded + "from lib", 1))
    with pytest.raises(TooMuchMemory):
        read(workbook_of_xml({"s": SHEETS["far corner"][0]}), "a.xlsx")


def test_one_bad_line_takes_no_other_with_it(read: Read) -> None:
    bad = [
        b'{"a": ' * 200_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": Infinity}',
        rb'{"a": "\udc00"}',
        b'{"a"}',
        b"[1]",
    ]
    data = gzip.compress(b'{"a": "first"}\n' + b"\n".join(bad) + b'\n{"a": "last"}\n')
    found = read(data, "a.jsonl.gz")
    assert found.rows == [["first"], ["last"]]
    assert [note.origin and note.origin.line for note in found.notes] == [2, 3, 4, 5, 6, 7]


def test_one_bad_value_takes_no_other_of_a_list_with_it(read: Read) -> None:
    found = read(b'[{"a": "x"},\n{"a": NaN},\n{"a": ' + b"9" * 5000 + b'},\n{"a": 1, "a": 2},\n{"a": "y"}]', "a.json")
    assert found.rows == [["x"], ["y"]]
    assert [note.origin and note.origin.line for note in found.notes] == [2, 3, 4]


def test_no_tag_of_yaml_makes_anything(read: Read, tmp_path: Path) -> None:
    side = tmp_path / "side"
    found = read(f"- {{a: !!python/object/apply:os.system ['touch {side}'], b: x}}\n".encode(), "a.yaml")
    assert found.rows == [[[f"touch {side}"], "x"]]
    assert not side.exists()


def test_separators_of_unicode_end_no_line(read: Read) -> None:
    data = '{"a": "x\u2028y\u2029z\x85"}\n{"a": "\u2028"}\n'.encode()
    assert read(data, "a.jsonl").rows == [["x\u2028y\u2029z\x85"], ["\u2028"]]
    assert read(gzip.compress(data), "a.jsonl.gz").rows == [["x\u2028y\u2029z\x85"], ["\u2028"]]


def test_formulas_tags_and_hidden_characters_are_text_like_any_other(read: Read) -> None:
    cells = ['=HYPERLINK("http://x")', "<script>alert(1)</script>", "a\u202eb\u200bc", "x\0y", "<|endoftext|>"]
    data = ("a\n" + "\n".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()
    assert [row[0] for row in read(data, "a.csv").rows] == cells
