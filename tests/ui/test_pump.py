from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from lib.ui.pump import pump


def words(*said: str) -> Generator[str, None, None]:
    yield from said


def test_everything_arrives_in_order() -> None:
    assert "".join(pump(words("a", "b", "c"))) == "abc"


def test_a_silent_source_gives_the_script_a_beat() -> None:
    go_on = threading.Event()

    def silent() -> Generator[str, None, None]:
        go_on.wait(10)
        yield "late"

    heard = pump(silent(), beat=0.01)
    assert next(heard) == ""
    go_on.set()
    assert "".join(heard) == "late"


def test_leaving_closes_the_source() -> None:
    closed = threading.Event()
    go_on = threading.Event()

    def endless() -> Generator[str, None, None]:
        try:
            yield "first"
            while go_on.wait(10):
                yield "more"
        finally:
            closed.set()

    heard = pump(endless(), beat=0.01)
    assert next(text for text in heard if text) == "first"
    heard.close()
    go_on.set()
    assert closed.wait(10)


def test_what_the_source_raises_is_raised_after_what_it_said() -> None:
    def broken() -> Generator[str, None, None]:
        yield "half"
        raise ConnectionResetError

    heard = pump(broken())
    assert next(heard) == "half"
    with pytest.raises(ConnectionResetError):
        list(heard)
