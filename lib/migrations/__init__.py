"""The schema, step by step (Alembic). `migrate()` runs at start-up: on an empty database and on one that is there.

Each step is a file in `versions/`; a step that was released is never changed. Replicas that start together wait
for one another: the steps run under the database's own write lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from lib.config import settings
from lib.db import engine

_LOCK = 0x7475_6E65  # any number, the same for every replica


def migrate() -> None:
    """Bring the database of `settings()` to the newest schema."""
    settings().home.mkdir(parents=True, exist_ok=True)
    with _locked() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _locked() -> Iterator[Connection]:
    """Yield a connection inside one transaction that nobody else can write beside."""
    database = engine(settings().database)
    if database.dialect.name == "sqlite":
        # Python's sqlite3 opens no transaction for DDL by itself, so a step could stop half-way: open it by hand.
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    else:
        with database.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
