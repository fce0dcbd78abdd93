"""What every test gets: an own home, an own database, and no setting left over from the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import config, db


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in [n for n in os.environ if n.startswith(("TUNEBOARD_", "OPENAI_")) and n != "TUNEBOARD_REALDATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TUNEBOARD_HOME", str(tmp_path / "home"))
    config.settings.cache_clear()
    yield tmp_path / "home"
    db.engine.cache_clear()
    config.settings.cache_clear()


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Real files from the wild, when the folder is there; they are not ours to ship."""
    folder = Path(os.environ.get("TUNEBOARD_REALDATA", config.ROOT.parent / "shared" / "realdata"))
    if not folder.exists():
        pytest.skip("no folder of real files; set TUNEBOARD_REALDATA")
    return folder
