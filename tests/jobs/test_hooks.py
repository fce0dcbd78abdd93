"""A service's webhook makes the worker look at once; one that anybody could have sent does nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

from lib import config
from lib.db import JobRow, now, session
from lib.jobs import hooks
from lib.jobs.worker import Worker
from tests.jobs.conftest import Launch, created, work

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch, service: object) -> None:
    monkeypatch.setenv("TUNEBOARD_OPENAI_WEBHOOK_SECRET", SECRET)
    config.settings.cache_clear()


def signed(body: bytes, id: str = "wh_1", at: float | None = None) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    return {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mark}"}


def told(remote_id: str | None) -> bytes:
    return json.dumps({"type": "fine_tuning.job.succeeded", "data": {"id": remote_id}}).encode()


def due(job_id: str) -> float:
    with session() as opened:
        row = opened.get(JobRow, job_id)
        assert row
        return row.next_step_at


def wait_long(job_id: str) -> None:
    with session() as opened:
        row = opened.get(JobRow, job_id)
        assert row
        row.next_step_at = now() + 1000


def test_a_webhook_makes_the_worker_look_now_and_once(start: Launch) -> None:
    job = work(start().id, Worker(), created)
    body = told(job.remote_id)
    wait_long(job.id)
    assert hooks.take("engine", body, signed(body))
    assert due(job.id) == 0.0
    wait_long(job.id)
    assert not hooks.take("engine", body, signed(body)), "a replay is known by its id"
    assert due(job.id) > now()


@pytest.mark.parametrize("how", ["altered", "old", "unsigned", "nonsense", "no secret"])
def test_what_anybody_could_have_sent_is_refused(start: Launch, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = work(start().id, Worker(), created)
    wait_long(job.id)
    body = told(job.remote_id)
    headers = signed(body, at=time.time() - 900 if how == "old" else None)
    if how == "altered":
        body += b" "
    if how == "unsigned":
        headers = {}
    if how == "nonsense":
        body = b"[]"
        headers = signed(body)
    if how == "no secret":
        monkeypatch.setenv("TUNEBOARD_OPENAI_WEBHOOK_SECRET", "")
        config.settings.cache_clear()
    with pytest.raises(hooks.NotSigned):
        hooks.take("engine", body, headers)
    assert due(job.id) > now()
