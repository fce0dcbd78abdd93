"""The engine's transactions: one SQLite file in the engine's home.

Promises that a transaction opened with `writing()` holds the write lock from its first statement, so that what it
reads is still true when it commits, and that a committed row survives a power cut (WAL, synchronous=FULL).
An older engine's file is taken over: columns that a newer version added are added to it. Knows nothing of HTTP.
Methods block: async code calls them through a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateColumn

from lib.engine.tables import Base

BUSY_MS = 30_000
_WRITES = "tuneboard_writes"


class Store:
    """Opens transactions on one SQLite file, making its tables on first use."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # webhooks' secrets are in it, and the folder may be open to others
        self._engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=40)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        _take_over(self._engine)
        Base.metadata.create_all(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one moment of the store."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that holds the write lock, commits at the end, and rolls back if the block raises."""
        bind = self._engine.execution_options(**{_WRITES: True})
        with Session(bind, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    def watch(self) -> Watch:
        """Return a watch over the file, for whoever keeps a copy of what is in it."""
        return Watch(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


class Watch:
    """Tells, in microseconds, whether anyone has committed since it was last asked. One thread may use it.

    SQLite's `data_version` is that of one connection, so a watch keeps one to itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._cursor = self._connection.cursor()
        self._cursor.execute("PRAGMA busy_timeout=0")  # who asks this often must not wait
        self._seen: Any = None

    def changed(self) -> bool:
        """Tell whether there is anything new; true the first time."""
        self._cursor.execute("PRAGMA data_version")
        before, self._seen = self._seen, self._cursor.fetchone()
        return before != self._seen

    def close(self) -> None:
        """Let go of the connection, for good: its waiting time is not that of the others."""
        self._connection.invalidate()


def _take_over(engine: Engine) -> None:
    """Give the tables of an older version the columns that they lack; such a column has a default or may be null."""
    there = inspect(engine)
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if not there.has_table(table.name):
                continue
            known = {column["name"] for column in there.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    made = CreateColumn(column).compile(engine)
                    connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {made}')
            for index in table.indexes:
                index.create(connection, checkfirst=True)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: sqlite3 would open transactions late and deferred
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
