"""How bytes that lie in the folder become a file of a project: its purpose, when it expires, whether it can be trained.

A training file is checked before the upload is answered where that takes no time, else in the background: its status
is `uploaded` until then. A file with bad lines is kept, with the status `error` and the lines in `status_details`; a
job that is given it fails with the reason. Promises that a check which an engine's end cuts short is made by the next.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import select

from lib.engine.bodies import Body
from lib.engine.files.folder import Folder, Stored
from lib.engine.files.validate import InvalidFile, check_anywhere, check_file
from lib.engine.limits import MIB, Limits
from lib.engine.store import Store
from lib.engine.tables import FileRow, now

PURPOSES = frozenset({"assistants", "batch", "evals", "fine-tune", "user_data", "vision"})
TRAINING = "fine-tune"
BATCH_SECONDS = 30 * 24 * 3600
"""OpenAI keeps a file of the purpose `batch` for 30 days unless told otherwise, every other for good."""
CHECKED_AT_ONCE = 4 * MIB
"""A file up to this size is checked while its upload waits: some hundredths of a second."""
PAUSE_AFTER_TROUBLE = 1.0

log = logging.getLogger(__name__)


class ExpiresAfter(Body):
    """When a file expires: between an hour and 30 days after it was made."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=BATCH_SECONDS)]


class MayExpire(Body):
    """The part of a request that says when the file that it makes expires."""

    expires_after: ExpiresAfter | None = None

    @property
    def seconds(self) -> int | None:
        """Return the seconds a file has to live, None for no end."""
        return self.expires_after.seconds if self.expires_after else None


def new_file(stored: Stored, project: str, filename: str, purpose: str, seconds: int | None) -> FileRow:
    """Return the row of a new file."""
    made = now()
    if seconds is None and purpose == "batch":
        seconds = BATCH_SECONDS
    return FileRow(
        id=stored.id,
        project=project,
        created_at=made,
        filename=filename,
        purpose=purpose,
        bytes=stored.size,
        status="processed",
        expires_at=None if seconds is None else made + seconds,
    )


class Checks:
    """Checks training files: small ones at once, large ones one after the other in the background."""

    def __init__(self, store: Store, folder: Folder, limits: Limits) -> None:
        self._store = store
        self._folder = folder
        self._limits = limits
        self._arrived = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check in the background, beginning with what an earlier engine left unchecked."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the rest to the next engine."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def look(self, row: FileRow) -> None:
        """Say in a new row what is known of its file. Blocks for a moment."""
        if row.purpose != TRAINING:
            return
        if row.bytes > CHECKED_AT_ONCE:
            row.status = "uploaded"
            return
        try:
            check_file(self._folder.path(row.id), minimum=1, most=self._limits.file_rows)
        except InvalidFile as problem:
            row.status, row.status_details = "error", problem.message

    def arrived(self) -> None:
        """Tell that a row may wait for its check. Any thread may call this."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def _run(self) -> None:
        while True:
            self._arrived.clear()
            try:
                while await asyncio.to_thread(self._check_next):
                    pass
            except Exception:
                log.exception("a file could not be checked")
                await asyncio.sleep(PAUSE_AFTER_TROUBLE)
                continue
            await self._arrived.wait()

    def _check_next(self) -> bool:
        with self._store.reading() as session:
            row = session.scalar(select(FileRow).where(FileRow.status == "uploaded").order_by(FileRow.seq).limit(1))
        if row is None:
            return False
        status, details = "processed", None
        try:
            check_anywhere(self._folder.path(row.id), minimum=1, most=self._limits.file_rows)
        except InvalidFile as problem:
            status, details = "error", problem.message
        except FileNotFoundError:  # deleted while it waited
            status, details = "error", "The file was deleted."
        with self._store.writing() as session:
            known = session.get(FileRow, row.seq)
            if known:
                known.status, known.status_details = status, details
        return True
