"""A file is opened once, by a thread that can be stopped, for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.datasets.errors import DatasetError, ReadingStopped
from lib.datasets.source import Source, open_source
from lib.workbench.opening import MOST, forget, opening


def a_source(folder: Path) -> Source:
    path = folder / "few.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n' * 3)
    return open_source(path, path.name, folder)


def test_what_is_asked_for_twice_is_opened_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def open_(_stop: Callable[[], bool]) -> Source:
        calls.append(1)
        return a_source(tmp_path)

    first = opening(f"{tmp_path}", open_).found.result(10)
    assert opening(f"{tmp_path}", open_).found.result(10) is first
    assert first.rows == 3
    assert len(calls) == 1


def test_who_waits_can_stop_it_and_begin_anew(tmp_path: Path) -> None:
    def slow(stop: Callable[[], bool]) -> Source:
        while not stop():
            threading.Event().wait(0.01)
        raise ReadingStopped(file="slow.csv")

    under_way = opening(f"{tmp_path}", slow)
    with pytest.raises(TimeoutError):
        under_way.found.result(0.05)
    under_way.stop()
    with pytest.raises(ReadingStopped):
        under_way.found.result(10)
    with pytest.raises(ReadingStopped):
        opening(f"{tmp_path}", lambda _stop: a_source(tmp_path)).found.result(10)
    forget(f"{tmp_path}")
    assert opening(f"{tmp_path}", lambda _stop: a_source(tmp_path)).found.result(10).rows == 3


def test_a_refusal_is_kept_too_and_only_the_last_openings_are(tmp_path: Path) -> None:
    calls: list[int] = []

    def refuse(_stop: Callable[[], bool]) -> Source:
        calls.append(1)
        raise DatasetError(file="bad.csv")

    for _time in range(2):
        with pytest.raises(DatasetError):
            opening(f"{tmp_path}", refuse).found.result(10)
    assert len(calls) == 1
    for number in range(MOST):
        opening(f"{tmp_path}/{number}", lambda _stop: a_source(tmp_path)).found.result(10)
    with pytest.raises(DatasetError):
        opening(f"{tmp_path}", refuse).found.result(10)
    assert len(calls) == 2
