"""Webhooks of services: a job that has ended is looked at now, not at the next poll.

What a webhook says is not taken over: it only makes the worker ask the service, so a forged one could gain nothing.
Its signature is checked all the same (the SDK does it), and its id is kept, as a signature alone lets it be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from openai import InvalidWebhookSignatureError, OpenAI
from sqlalchemy import delete, update

from lib.config import settings
from lib.db import JobRow, WebhookRow, insert_once, now, session
from lib.jobs import bell

KEEP_SECONDS = 24 * 3600
"""A webhook is signed for five minutes; its id is kept far longer."""


class NotSigned(Exception):
    """It was not signed with the secret of this connection, or too long ago."""


def take(connection: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Look at the job that a webhook is about; return whether it was new.

    Raises:
        NotSigned: it may come from anybody.
    """
    secret = settings().openai_webhook_secret.get_secret_value()
    if not secret:
        raise NotSigned
    verifier = OpenAI(api_key="none", admin_api_key="", webhook_secret=secret, base_url="http://localhost")
    try:
        with verifier:
            verifier.webhooks.verify_signature(body, dict(headers))
        told = json.loads(body)
        remote_id = str(told["data"]["id"])
    except (InvalidWebhookSignatureError, ValueError, KeyError, TypeError):
        raise NotSigned from None
    with session() as opened:
        opened.execute(delete(WebhookRow).where(WebhookRow.created_at < now() - KEEP_SECONDS))
        if not insert_once(opened, WebhookRow, id=headers.get("webhook-id", ""), connection=connection):
            return False
        mine = (JobRow.connection == connection, JobRow.remote_id == remote_id, JobRow.closed_at.is_(None))
        opened.execute(update(JobRow).where(*mine).values(next_step_at=0.0))
    bell.ring()
    return True
