"""Sends what `hooks.tell` stored: signed, each address on its own, again and again until it is taken or given up.

Promises at least one delivery of each event, with a `webhook-id` that stays the same over retries and restarts, so
that a receiver can drop what it has seen. Signatures are those of Standard Webhooks
(https://www.standardwebhooks.com), which OpenAI uses. Redirects are not followed and answers are not read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import delete, select

from lib.engine.store import Store
from lib.engine.tables import DeliveryRow, HookRow, now

LOOK_EVERY = 1.0
FIRST_PAUSE = 5
LONGEST_PAUSE = 6 * 3600
GIVE_UP_AFTER = 72 * 3600
"""OpenAI retries for as long (https://platform.openai.com/docs/guides/webhooks)."""
REMEMBER_TROUBLE = 30 * 24 * 3600
SECONDS_TO_ANSWER = 15.0
AT_ONCE = 20
"""Deliveries to one address that are read from the store together."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """One event for one address."""

    id: str
    url: str
    secrets: tuple[str, ...]
    event: dict[str, Any]


def letter_of(hook: HookRow, message_id: str, event: dict[str, Any]) -> Letter:
    """Address an event, to be signed with every secret that the receiver may still have."""
    old = hook.old_secret if hook.old_secret and (hook.old_secret_until or 0) > now() else None
    return Letter(message_id, hook.url, (hook.secret, *([old] if old else [])), event)


class Deliveries:
    """The loop. Each address has a task of its own, so that one that hangs keeps no other waiting."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.Task[None] | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._client: httpx2.AsyncClient | None = None

    async def start(self) -> None:
        """Deliver in the background; what an engine that is gone could not deliver comes first."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what is under way will be delivered again."""
        tasks = [*([self._loop] if self._loop else []), *self._busy.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()

    async def send(self, letter: Letter) -> int | str:
        """Send one event once; return the status that the address answered, or why there is none."""
        # Made when it is first needed: its certificates take a few MB, and time that others would wait for.
        if self._client is None:
            made = await asyncio.to_thread(_make_client)
            self._client = self._client or made
        return await post(self._client, letter)

    async def _run(self) -> None:
        while True:
            try:
                due = await asyncio.to_thread(self._due)
                for hook_id in due:
                    if hook_id not in self._busy:
                        self._begin(hook_id)
            except Exception:
                log.exception("webhooks could not be looked after")
            await asyncio.sleep(LOOK_EVERY)

    def _begin(self, hook_id: str) -> None:
        task = asyncio.create_task(self._deliver_all(hook_id))
        self._busy[hook_id] = task
        task.add_done_callback(lambda _: self._busy.pop(hook_id, None))

    async def _deliver_all(self, hook_id: str) -> None:
        try:
            for letter in await asyncio.to_thread(self._letters, hook_id):
                outcome = await self.send(letter)
                await asyncio.to_thread(self._settle, letter.id, trouble_of(outcome))
        except Exception:
            log.exception("webhook %s could not be looked after", hook_id)

    def _due(self) -> list[str]:
        with self._store.reading() as session:
            return list(session.scalars(select(DeliveryRow.hook_id).where(DeliveryRow.next_at <= now()).distinct()))

    def _letters(self, hook_id: str) -> list[Letter]:
        due = select(DeliveryRow).where(DeliveryRow.hook_id == hook_id, DeliveryRow.next_at <= now())
        with self._store.reading() as session:
            hook = session.scalar(select(HookRow).where(HookRow.id == hook_id))
            rows = session.scalars(due.order_by(DeliveryRow.seq).limit(AT_ONCE))
            return [letter_of(hook, row.id, row.event) for row in rows] if hook else []

    def _settle(self, delivery_id: str, trouble: str | None) -> None:
        """Forget what was taken; say when to try the rest again, and when no more."""
        with self._store.writing() as session:
            row = session.scalar(select(DeliveryRow).where(DeliveryRow.id == delivery_id))
            if row is None:  # the address was removed meanwhile
                return
            if trouble is None:
                session.delete(row)
                return
            row.attempts, row.trouble = row.attempts + 1, trouble
            row.next_at = next_try(row.attempts, row.created_at)
            given_up = DeliveryRow.next_at.is_(None)
            session.execute(delete(DeliveryRow).where(given_up, DeliveryRow.created_at < now() - REMEMBER_TROUBLE))


async def post(client: httpx2.AsyncClient, letter: Letter) -> int | str:
    """Send one event; return the status answered, or why there is none, in words that hold no part of the address."""
    body = json.dumps(letter.event, separators=(",", ":")).encode()
    headers = signed_headers(letter.secrets, letter.id, body)
    try:
        async with (
            asyncio.timeout(SECONDS_TO_ANSWER),
            client.stream("POST", letter.url, content=body, headers=headers) as answer,
        ):
            return answer.status_code
    except TimeoutError:
        return f"no answer within {SECONDS_TO_ANSWER:.0f} s"
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as problem:
        return type(problem).__name__


def trouble_of(outcome: int | str) -> str | None:
    """Return why an event was not taken, None if it was."""
    if isinstance(outcome, int):
        return None if 200 <= outcome < 300 else f"answered {outcome}"
    return outcome


def signed_headers(secrets: Sequence[str], message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver who knows one of the secrets trust the body, for some minutes from now."""
    timestamp = str(now())
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    signatures = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": "tuneboard",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def next_try(attempts: int, created_at: int) -> int | None:
    """Return when to try again after so many attempts, or None to give up. Pauses grow fourfold, and differ a bit."""
    pause = min(FIRST_PAUSE * 4 ** min(attempts - 1, 16), LONGEST_PAUSE)
    moment = now() + round(pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
    return moment if moment <= created_at + GIVE_UP_AFTER else None


def _make_client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(follow_redirects=False, timeout=SECONDS_TO_ANSWER)
