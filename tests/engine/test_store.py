"""The engine's file: what an older version wrote is taken over."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import select

from lib.engine.store import Store
from lib.engine.tables import FileRow

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
