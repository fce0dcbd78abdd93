"""Webhooks: what ends is told to the addresses that a project has named, in OpenAI's words.

`tell` only stores what is to be told, in the transaction in which the thing ends: an end that is stored is told, and
one that is rolled back is not. `deliveries.py` sends it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.engine.ids import new_id
from lib.engine.tables import DeliveryRow, HookRow, now

EVENT_TYPES = (
    "batch.completed",
    "batch.failed",
    "batch.expired",
    "batch.cancelled",
    "fine_tuning.job.succeeded",
    "fine_tuning.job.failed",
    "fine_tuning.job.cancelled",
)
"""What there is to tell."""


def tell(session: Session, project: str, type: str, data_id: str) -> None:
    """Store that the job or batch `data_id` of a project has ended, once for each address that is to know."""
    event: dict[str, Any] = {
        "id": new_id("evt_"),
        "object": "event",
        "created_at": now(),
        "type": type,
        "data": {"id": data_id},
    }
    for hook in session.scalars(select(HookRow).where(HookRow.project == project)):
        if hook.event_types is None or type in hook.event_types:
            session.add(DeliveryRow(id=new_id("wh_"), hook_id=hook.id, event=event))
