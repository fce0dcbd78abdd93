"""The engine's file: what an older version wrote is taken over."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from lib.engine.store import Store
from lib.engine.tables import FileRow, HookRow

OLDER = "CREATE TABLE files (seq INTEGER PRIMARY KEY, id, created_at, filename, purpose, bytes)"


def test_the_files_of_an_older_engine_belong_to_the_default_project(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "engine.db") as database:
        database.execute(OLDER)
        database.execute("INSERT INTO files VALUES (1, 'file-a', 5, 'a.jsonl', 'fine-tune', 9)")
    for _ in range(2):  # a second start finds nothing left to add
        store = Store(tmp_path / "engine.db")
        with store.reading() as session:
            row = session.scalars(select(FileRow)).one()
            assert (row.project, row.status, row.expires_at) == ("default", "processed", None)
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_nobody_else_on_the_machine_can_read_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "engine.db")
    with store.writing() as session:
        session.add(HookRow(id="we_1", url="https://example.com", secret="whsec_secret"))
    kept = list(tmp_path.glob("engine.db*"))
    assert len(kept) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    store.close()
