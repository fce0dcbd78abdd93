"""API keys: who a key acts for, and how keys are made, kept and taken away.

Keys are random and long, so one SHA-256 keeps them: the file of the store gives nobody a key, and looking one up by
its digest tells nothing by its timing. The operator's key comes from the command line and is not stored. `Keys` holds
the digests in memory and looks into the store only when something was committed: a key that is taken away, by
whatever process, is refused at the next request.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import sqlite3

from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from lib.engine.door.projects import NAME, Caller
from lib.engine.errors import ApiError
from lib.engine.ids import new_id
from lib.engine.store import Store, Watch
from lib.engine.tables import DEFAULT_PROJECT, KeyRow

PREFIX = "sk-tb-"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
log = logging.getLogger(__name__)


class Keys:
    """The keys of one engine. An engine that may be `open` lets everyone in until it has seen a key."""

    def __init__(self, store: Store, operator: str = "", *, may_be_open: bool = True) -> None:
        self._store = store
        self._operator = digest_of(operator) if operator else ""
        self._open = may_be_open and not operator
        self._watch: Watch | None = None
        self._stale = True
        self._known: dict[str, str] = {}

    def caller(self, authorization: str, project: str | None) -> Caller:
        """Return whom a request acts for, from its `Authorization` and `OpenAI-Project` headers; refuse a stranger."""
        self._refresh()
        if project is not None and not NAME.fullmatch(project):
            message = "Invalid value for 'OpenAI-Project': a project is named with up to 64 letters, digits, '_.-'."
            raise ApiError(400, message, param="OpenAI-Project", code="invalid_project")
        if self._open:
            return Caller(project or DEFAULT_PROJECT, operator=True)
        digest = digest_of(_bearer(authorization))
        if self._operator and hmac.compare_digest(digest, self._operator):
            return Caller(project or DEFAULT_PROJECT, operator=True)
        own = self._known.get(digest)
        if own is None:
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key", headers=_CHALLENGE)
        if project not in (None, own):
            message = "OpenAI-Project header should match project for API key"
            raise ApiError(401, message, code="mismatched_project", headers=_CHALLENGE)
        return Caller(own)

    def any(self) -> bool:
        """Tell whether there is a key at all, the operator's or another."""
        self._refresh()
        return bool(self._operator or self._known)

    def _refresh(self) -> None:
        """Take over what was committed; a store that cannot be read just now changes nothing."""
        try:
            self._watch = self._watch or self._store.watch()
            self._stale |= self._watch.changed()
            if self._stale:
                with self._store.reading() as session:
                    rows = session.execute(select(KeyRow.digest, KeyRow.project))
                    self._known = {row.digest: row.project for row in rows}
                self._stale = False
        except (OperationalError, sqlite3.OperationalError) as problem:
            log.warning("the keys could not be read: %s", problem)
        if self._known:
            self._open = False  # and stays so: whoever takes the last key away does not open the door

    def close(self) -> None:
        """Let go of the store."""
        if self._watch:
            self._watch.close()


def add_key(session: Session, project: str, name: str) -> tuple[KeyRow, str]:
    """Make a key for a project; return its row and the key itself, which is not stored."""
    key = PREFIX + secrets.token_urlsafe(32)
    row = KeyRow(id=new_id("key_"), project=project, name=name, digest=digest_of(key), hint=key[-4:])
    session.add(row)
    return row, key


def list_keys(session: Session) -> list[KeyRow]:
    """Return the keys, oldest first."""
    return list(session.scalars(select(KeyRow).order_by(KeyRow.seq)))


def remove_key(session: Session, key_id: str) -> bool:
    """Take a key away; tell whether it was there."""
    return bool(session.execute(delete(KeyRow).where(KeyRow.id == key_id).returning(KeyRow.id)).first())


def digest_of(key: str) -> str:
    """Return the form in which a key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _bearer(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    if not authorization:
        message = "You didn't provide an API key. Send it in an Authorization header: 'Authorization: Bearer YOUR_KEY'."
        raise ApiError(401, message, headers=_CHALLENGE)
    if scheme.lower() != "bearer":
        message = "Send your API key as 'Authorization: Bearer YOUR_KEY'."
        raise ApiError(401, message, code="invalid_api_key", headers=_CHALLENGE)
    return key.strip()
