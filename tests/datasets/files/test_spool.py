from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.datasets.errors import BrokenJson, EmptyFile, ReaderFailed, ReadingStopped, TooMuchMemory, TooMuchTime
from lib.datasets.files import spool as spool_module
from lib.datasets.files.readers import read_table
from lib.datasets.files.spool import spool
from lib.datasets.files.spool_file import open_spool, rows_of, table_of
from lib.datasets.table import Origin


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        (tmp_path / "in").write_bytes(data)
        return tmp_path / "in"

    return write


def test_a_spool_holds_what_the_reader_found(file: Callable[[bytes], Path], tmp_path: Path) -> None:
    data = '问,答\n一,"1\n2"\n二,\n'.encode("gb18030")
    made = spool(file(data), "a.csv", tmp_path / "spool")
    assert table_of(made) == read_table(data, "a.csv")
    assert table_of(made, rows=1).rows == [["一", "1\n2"]]
    assert [origin for origin, _cells in rows_of(made)] == [Origin(2), Origin(4)]
    assert open_spool(tmp_path / "spool") == made


def test_what_the_reader_was_told_reaches_it(file: Callable[[bytes], Path], tmp_path: Path) -> None:
    made = spool(file(b"a;b,c\nd;e,f\n"), "a.csv", tmp_path / "spool", delimiter=";", header=False)
    assert (made.delimiter, made.rows, made.columns) == (";", 2, ["#1", "#2"])


def test_a_refusal_crosses_over_and_leaves_nothing_behind(file: Callable[[bytes], Path], tmp_path: Path) -> None:
    with pytest.raises(EmptyFile, match=r"a\.csv"):
        spool(file(b""), "a.csv", tmp_path / "spool")
    with pytest.raises(BrokenJson) as caught:
        spool(file(b'[{"a": 1},\n{"a"}]'), "a.json", tmp_path / "spool")
    assert caught.value.values["line"] == 2
    assert not (tmp_path / "spool").exists()


def test_a_reader_that_takes_too_long_is_ended(
    file: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "START", "while True: pass")
    monkeypatch.setattr(spool_module, "PATIENCE", 0.005)
    with pytest.raises(TooMuchTime, match=r"a\.csv"):
        spool(file(b"a,b\n1,2\n"), "a.csv", tmp_path / "spool")


def test_the_request_reaches_a_child_on_a_machine_too_busy_to_hand_it_over_at_once(
    file: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float | None] = []
    communicate = subprocess.Popen.communicate

    def late(child: subprocess.Popen[str], given: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        calls.append(timeout)
        return communicate(child, given, timeout=-1 if len(calls) == 1 else timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    monkeypatch.setattr(spool_module, "PATIENCE", 0.05)
    assert spool(file(b"a,b\n1,2\n"), "a.csv", tmp_path / "spool").rows == 1


def test_whoever_asked_can_stop_it_at_any_time(
    file: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "START", "while True: pass")
    asked = threading.Event()
    threading.Timer(0.2, asked.set).start()
    begun = time.monotonic()
    with pytest.raises(ReadingStopped):
        spool(file(b"a,b\n1,2\n"), "a.csv", tmp_path / "spool", stop=asked.is_set)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        ("import os; os.abort()", TooMuchMemory),
        ("import os; os.kill(os.getpid(), 9)", TooMuchMemory),
        ('print(\'{"failed": "out of memory"}\')', TooMuchMemory),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", TooMuchTime),
        ("1 / 0", ReaderFailed),
        ("", ReaderFailed),
    ],
)
def test_a_reader_that_is_taken_down_takes_nobody_with_it(
    file: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, refusal: type[Exception]
) -> None:
    monkeypatch.setattr(spool_module, "START", start)
    with pytest.raises(refusal, match=r"a\.csv"):
        spool(file(b"a,b\n1,2\n"), "a.csv", tmp_path / "spool")


def test_memory_is_limited(file: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "MEMORY", 200 * 2**20)
    with pytest.raises(TooMuchMemory):
        spool(file(b'{"a": [' + b'"aaaaaaaa",' * 5_000_000 + b'""]}'), "a.json", tmp_path / "spool")
