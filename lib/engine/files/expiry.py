"""What has had its time is removed: files, unfinished uploads, remembered answers; and bytes that nobody's row names.

Promises that a file which a waiting or running job or batch needs is kept until that has ended, and that rows go
before bytes: what a crash leaves in between is found at the next start.
"""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import ColumnElement, delete, exists, or_, select

from lib.engine.files.folder import Folder
from lib.engine.files.uploads import drop_parts
from lib.engine.idempotency import KEEP_SECONDS
from lib.engine.store import Store
from lib.engine.tables import BatchRow, FileRow, JobRow, PartRow, ReplayRow, UploadRow, now

SECONDS_BETWEEN = 60.0
WAITING_JOBS = ("validating_files", "queued", "running")
WAITING_BATCHES = ("validating", "in_progress", "finalizing", "cancelling")

log = logging.getLogger(__name__)


class Expiry:
    """The loop that removes, once when it starts and then every minute."""

    def __init__(self, store: Store, files: Folder, parts: Folder) -> None:
        self._store = store
        self._files = files
        self._parts = parts
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Clear up what a dead engine left, before anything else is stored; then look after the rest."""
        await asyncio.to_thread(self.remove_strays)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop looking."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.remove_expired)
            except Exception:
                log.exception("what expired could not be removed")
            await asyncio.sleep(SECONDS_BETWEEN)

    def remove_expired(self) -> None:
        """Remove what has expired by now."""
        with self._store.writing() as session:
            files = session.scalars(select(FileRow).where(FileRow.expires_at <= now(), ~_is_needed())).all()
            for file in files:
                session.delete(file)
            late = UploadRow.status == "pending", UploadRow.expires_at <= now()
            for upload in session.scalars(select(UploadRow).where(*late)):
                upload.status = "expired"
            session.execute(delete(ReplayRow).where(ReplayRow.created_at < now() - KEEP_SECONDS))
        for file in files:
            self._files.remove(file.id)
        self._forget_uploads()

    def _forget_uploads(self) -> None:
        """Drop the parts of uploads that have ended, and after a day the uploads: until then they can be asked for."""
        with self._store.reading() as session:
            has_parts = exists().where(PartRow.upload_id == UploadRow.id)
            ended = session.scalars(select(UploadRow.id).where(UploadRow.status != "pending", has_parts)).all()
        for upload_id in ended:
            drop_parts(self._store, self._parts, upload_id)
        with self._store.writing() as session:
            old = UploadRow.status != "pending", UploadRow.expires_at < now() - KEEP_SECONDS
            session.execute(delete(UploadRow).where(*old))

    def remove_strays(self) -> None:
        """Remove bytes without a row: an engine that dies between the two leaves them. Nothing else may run yet."""
        with self._store.reading() as session:
            files = set(session.scalars(select(FileRow.id)))
            parts = set(session.scalars(select(PartRow.id)))
        for folder, prefix, known in ((self._files, "file-", files), (self._parts, "part_", parts)):
            for stray in folder.ids() - known:
                if stray.startswith(prefix):
                    folder.remove(stray)


def _is_needed() -> ColumnElement[bool]:
    job = or_(JobRow.training_file == FileRow.id, JobRow.validation_file == FileRow.id)
    return or_(
        exists().where(job, JobRow.status.in_(WAITING_JOBS)),
        exists().where(BatchRow.input_file == FileRow.id, BatchRow.status.in_(WAITING_BATCHES)),
    )
