"""The engine's limits: the defaults, and what an operator sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lib.config import Settings
from lib.engine.limits import DEFAULTS, GIB, read_limits


def test_without_settings_the_defaults_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_limits(Settings()) == DEFAULTS


def test_an_operator_sets_sizes_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_PROJECT_BYTES", "2GiB")
    monkeypatch.setenv("TUNEBOARD_ENGINE_FILE_ROWS", "7")
    limits = read_limits(Settings())
    assert (limits.project_bytes, limits.file_rows) == (2 * GIB, 7)


@pytest.mark.parametrize("value", ["0", "-1", "lots", "inf"])
def test_a_limit_is_never_switched_off_by_mistake(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TUNEBOARD_ENGINE_JOBS", value)
    with pytest.raises(ValidationError):
        Settings()
