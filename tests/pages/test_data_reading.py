"""A file that takes long to read does not hold the page: it can be stopped, and read again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lib.datasets.errors import ReadingStopped
from lib.datasets.source import Source, open_source
from lib.ui.data import reading
from tests.pages.conftest import Visit

ROWS = "prompt,completion\n" + "".join(f"What is {n} + {n}?,It is {2 * n}.\n" for n in range(12))


def test_a_long_reading_can_be_stopped_and_begun_again(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_args: Any, stop: Callable[[], bool], **_how: Any) -> Source:
        while not stop():
            threading.Event().wait(0.01)
        raise ReadingStopped(file="sums.csv")

    monkeypatch.setattr(reading, "PATIENCE", 0.05)
    monkeypatch.setattr(reading, "open_source", slow)
    at = visit("data")
    at.file_uploader[0].upload("sums.csv", ROWS.encode()).run()
    assert not at.exception
    assert not any(button.key == "data_save" for button in at.button)
    at.button(key="data_stop_read").click().run()
    monkeypatch.setattr(reading, "PATIENCE", 10)
    at.run()
    assert "The reading was stopped." in [caption.value for caption in at.caption]
    monkeypatch.setattr(reading, "open_source", open_source)
    at.button(key="data_again_read").click().run()
    assert not at.exception
    assert any(button.key == "data_save" for button in at.button)
