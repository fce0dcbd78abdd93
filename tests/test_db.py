"""The schema that the steps build is the schema that the code expects."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text

from lib import migrations
from lib.config import settings
from lib.db import Base, DraftRow, engine, insert_once, session
from lib.migrations import migrate


def test_models_and_migrations_agree(home: Path) -> None:
    migrate()
    with engine(settings().database).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_twice_keeps_the_data(home: Path) -> None:
    migrate()
    with session() as opened:
        insert_once(opened, DraftRow, id="d", kind="data", state={"n": 1})
    migrate()
    with session() as opened:
        assert opened.get_one(DraftRow, "d").state == {"n": 1}


def test_a_step_that_fails_leaves_the_schema_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = migrations.command.upgrade

    def half_way(config: Config, revision: str) -> None:
        real(config, revision)
        raise RuntimeError("half-way")

    monkeypatch.setattr(migrations.command, "upgrade", half_way)
    with pytest.raises(RuntimeError, match="half-way"):
        migrate()
    assert inspect(engine(settings().database)).get_table_names() == []


def test_replicas_that_start_together_migrate_once(home: Path) -> None:
    failed: list[BaseException] = []

    def start() -> None:
        try:
            migrate()
        except BaseException as problem:  # noqa: BLE001 - carried to the test
            failed.append(problem)

    replicas = [threading.Thread(target=start) for _ in range(4)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
    assert failed == []


def test_a_row_is_inserted_once(home: Path) -> None:
    migrate()
    with session() as opened:
        assert insert_once(opened, DraftRow, id="d", kind="data", state={})
        assert not insert_once(opened, DraftRow, id="d", kind="train", state={})
    with session() as opened:
        assert opened.get_one(DraftRow, "d").kind == "data"


def test_an_insert_keeps_its_row_count_on_every_database(home: Path) -> None:
    """PostgreSQL's would be forgotten without the option, and every insert would look like one that was there."""
    migrate()
    kept: list[bool] = []
    event.listen(
        engine(settings().database),
        "before_cursor_execute",
        lambda *told: kept.append(bool(told[4].execution_options.get("preserve_rowcount"))),
    )
    with session() as opened:
        insert_once(opened, DraftRow, id="d", kind="data", state={})
    assert kept == [True]


def test_sqlite_reads_while_it_writes(home: Path) -> None:
    migrate()
    with session() as opened:
        assert opened.execute(text("PRAGMA journal_mode")).scalar() == "wal"
