"""Webhooks: what ends is told to the addresses that the operator has named for a project, in OpenAI's words.

`tell` only stores what is to be told, in the transaction in which the thing ends: an end that is stored is told, and
one that is rolled back is not. `deliveries.py` sends it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lib.engine.errors import invalid
from lib.engine.ids import new_id
from lib.engine.limits import Limits
from lib.engine.tables import DeliveryRow, HookRow, now

EventType = Literal[
    "batch.completed",
    "batch.failed",
    "batch.expired",
    "batch.cancelled",
    "fine_tuning.job.succeeded",
    "fine_tuning.job.failed",
    "fine_tuning.job.cancelled",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
"""What there is to tell."""


def tell(session: Session, project: str, type: str, data_id: str) -> None:
    """Store that the job or batch `data_id` of a project has ended, once for each address that is to know."""
    event = new_event(type, data_id)
    for hook in session.scalars(select(HookRow).where(HookRow.project == project)):
        if hook.event_types is None or type in hook.event_types:
            session.add(DeliveryRow(id=new_id("wh_"), hook_id=hook.id, event=event))


def new_event(type: str, data_id: str) -> dict[str, Any]:
    """Return OpenAI's event object."""
    return {"id": new_id("evt_"), "object": "event", "created_at": now(), "type": type, "data": {"id": data_id}}


def add_hook(
    session: Session,
    project: str,
    url: str,
    limits: Limits,
    *,
    name: str = "",
    event_types: Sequence[str] | None = None,
) -> HookRow:
    """Add an address; `event_types` None is all there is. The row holds the secret that signs what it is told."""
    check_url(url)
    count = session.scalar(select(func.count()).where(HookRow.project == project)) or 0
    if count >= limits.project_hooks:
        raise invalid(f"Project '{project}' has {count} addresses, which is as many as it may have.", "url")
    types = None if event_types is None else list(event_types)
    row = HookRow(id=new_id("we_"), project=project, name=name, url=url, secret=new_secret(), event_types=types)
    session.add(row)
    session.flush()
    return row


def new_secret() -> str:
    """Return a signing secret as Standard Webhooks writes them: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def check_url(url: str) -> None:
    """Refuse what is no address of a web server. Credentials have no place in one: it is shown and logged."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username is not None or len(url) > 2000 or not url.isprintable() or " " in url:
        raise invalid("A webhook's address is an http or https URL without user name and password.", "url")


def list_hooks(session: Session) -> list[HookRow]:
    """Return the addresses of all projects, oldest first."""
    return list(session.scalars(select(HookRow).order_by(HookRow.seq)))


def state_of(session: Session, row: HookRow) -> str:
    """Return in a few words what an address is still to be told, and what it could not be told."""
    mine = select(DeliveryRow).where(DeliveryRow.hook_id == row.id)
    waiting = session.scalar(select(func.count()).select_from(mine.where(DeliveryRow.next_at.is_not(None)).subquery()))
    trouble = session.scalar(
        mine.where(DeliveryRow.trouble.is_not(None))
        .order_by(DeliveryRow.seq.desc())
        .limit(1)
        .with_only_columns(DeliveryRow.trouble)
    )
    return f"{waiting} waiting" + (f"; last trouble: {trouble}" if trouble else "")


def remove_hook(session: Session, hook_id: str) -> bool:
    """Forget an address and what it was still to be told; tell whether it was there."""
    session.execute(delete(DeliveryRow).where(DeliveryRow.hook_id == hook_id))
    return bool(session.execute(delete(HookRow).where(HookRow.id == hook_id).returning(HookRow.id)).first())
