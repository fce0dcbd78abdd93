"""`Idempotency-Key`: the same request sent twice makes one object and gets the same answer twice.

The key is looked up and stored in the transaction that makes the object, so two copies that arrive together
cannot both make one, and a crash leaves both or neither. A refused request stores nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session
from starlette.requests import Request

from lib.engine.door.projects import project_of
from lib.engine.errors import invalid
from lib.engine.tables import ReplayRow, now

KEEP_SECONDS = 24 * 3600
LONGEST_KEY = 255


@dataclass(frozen=True)
class Once:
    """A request's idempotency key, bound to its route and contents; without a key it remembers nothing."""

    key: str
    fingerprint: str

    def recall(self, session: Session) -> dict[str, Any] | None:
        """Return the answer given before, if any; the same key with other contents is refused."""
        row = session.get(ReplayRow, self.key) if self.key else None
        if row is None or row.created_at < now() - KEEP_SECONDS:
            return None
        if row.fingerprint != self.fingerprint:
            message = "This Idempotency-Key was used before with another request. Use a new key for a new request."
            raise invalid(message, "Idempotency-Key", "idempotency_key_reused")
        return row.answer

    def remember(self, session: Session, answer: dict[str, Any]) -> None:
        """Store the answer, and drop those older than a day."""
        if self.key:
            session.execute(delete(ReplayRow).where(ReplayRow.created_at < now() - KEEP_SECONDS))
            session.merge(ReplayRow(key=self.key, fingerprint=self.fingerprint, answer=answer, created_at=now()))


def once(request: Request, contents: dict[str, Any]) -> Once:
    """Read the request's key; `contents` is what the answer depends on."""
    key = request.headers.get("idempotency-key", "")
    if len(key) > LONGEST_KEY:
        raise invalid(f"An Idempotency-Key has at most {LONGEST_KEY} characters.", "Idempotency-Key")
    digest = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()
    return Once(f"{project_of(request)} {request.url.path} {key}" if key else "", digest)
