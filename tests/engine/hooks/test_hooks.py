"""Webhooks: what a receiver gets when jobs end, how it can trust it, and what happens when it does not answer."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest

from lib.engine.__main__ import main
from lib.engine.hooks import deliveries, hooks
from lib.engine.hooks.deliveries import GIVE_UP_AFTER, next_try, signed_headers
from lib.engine.limits import Limits
from lib.engine.store import Store
from lib.engine.tables import DeliveryRow, now
from tests.engine.receiving import Receiver, receivers
from tests.engine.support import Process, Running, eventually

SDK = openai.OpenAI(api_key="unused")


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    yield from receivers()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "FIRST_PAUSE", 0)
    monkeypatch.setattr(deliveries, "LOOK_EVERY", 0.02)


def add(home: Path, url: str, project: str = "default") -> str:
    """Add an address with the operator's command; return its secret."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["hooks", "add", url, "--project", project, "--home", str(home)]) == 0
    return out.getvalue().strip()


def listed(home: Path) -> list[list[str]]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(["hooks", "list", "--home", str(home)])
    return [line.split("\t") for line in out.getvalue().splitlines()]


def remove_all(home: Path) -> None:
    for row in listed(home):
        main(["hooks", "remove", row[0], "--home", str(home)])


@pytest.fixture
def home(engine: Running) -> Iterator[Path]:
    """The home of an engine that tells nobody anything yet."""
    yield engine.home
    remove_all(engine.home)


def test_the_end_of_a_job_is_told_in_a_way_that_openais_sdk_trusts(
    engine: Running, home: Path, receive: Callable[..., Receiver]
) -> None:
    receiver = receive()
    secret = add(home, receiver.url)
    job = engine.create()
    engine.wait(job.id)
    eventually(lambda: receiver.got, bool)
    event = receiver.got[0].event(secret)
    assert (event.type, event.data.id, event.object) == ("fine_tuning.job.succeeded", job.id, "event")
    assert event.id.startswith("evt_")
    assert receiver.got[0].headers["webhook-id"].startswith("wh_")


def test_failing_is_told(engine: Running, home: Path, receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    secret = add(home, receiver.url)
    job = engine.create("error=1")
    eventually(lambda: receiver.got, bool)
    event = receiver.got[0].event(secret)
    assert (event.type, event.data.id) == ("fine_tuning.job.failed", job.id)


def test_cancelling_is_told_once(engine: Running, home: Path, receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    secret = add(home, receiver.url)
    job = engine.create("pause=0.2 steps=100")
    engine.client.fine_tuning.jobs.cancel(job.id)
    with pytest.raises(openai.BadRequestError):
        engine.client.fine_tuning.jobs.cancel(job.id)
    eventually(lambda: receiver.got, bool)
    time.sleep(0.2)
    assert [got.event(secret).type for got in receiver.got] == ["fine_tuning.job.cancelled"]


def test_a_forged_altered_or_stale_delivery_is_not_trusted() -> None:
    secret, body = hooks.new_secret(), b'{"type":"batch.completed"}'
    headers = signed_headers([secret], "wh_1", body)
    SDK.webhooks.verify_signature(body, headers, secret=secret)
    stale = headers | {"webhook-timestamp": str(now() - 600)}
    for payload, given, key in (
        (body + b" ", headers, secret),
        (body, headers | {"webhook-id": "wh_2"}, secret),
        (body, stale, secret),
        (body, headers, hooks.new_secret()),
    ):
        with pytest.raises(openai.InvalidWebhookSignatureError):
            SDK.webhooks.verify_signature(payload, given, secret=key)


def test_what_was_not_taken_is_sent_again_under_the_same_id(
    engine: Running, home: Path, receive: Callable[..., Receiver]
) -> None:
    receiver = receive(status=503)
    secret = add(home, receiver.url)
    engine.create()
    eventually(lambda: len(receiver.got), lambda count: count >= 3)
    receiver.status = 204
    eventually(lambda: listed(home)[0][3], lambda state: state.startswith("0 waiting"))
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.event(secret).id for got in receiver.got}) == 1


def test_an_address_that_hangs_keeps_no_other_waiting(
    engine: Running, home: Path, receive: Callable[..., Receiver]
) -> None:
    slow, quick = receive(hang=threading.Event()), receive()
    add(home, slow.url)
    add(home, quick.url)
    engine.wait(engine.create().id)
    eventually(lambda: quick.got, bool)
    began = time.monotonic()
    engine.client.models.list()
    assert time.monotonic() - began < 2


def test_a_redirect_is_not_followed(engine: Running, home: Path, receive: Callable[..., Receiver]) -> None:
    inner = receive()
    outer = receive(status=307, headers={"Location": inner.url})
    add(home, outer.url)
    engine.create()
    eventually(lambda: len(outer.got), lambda count: count >= 2)
    assert "answered 307" in listed(home)[0][3]
    assert inner.got == []


def test_a_project_is_told_of_its_own_jobs_alone(engine: Running, home: Path, receive: Callable[..., Receiver]) -> None:
    blue, other = receive(), receive()
    secret = add(home, blue.url, "blue")
    add(home, other.url)
    client = engine.client.with_options(project="blue")
    file = client.files.create(file=("a.jsonl", b'{"prompt": "a", "completion": "b"}\n'), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    eventually(lambda: blue.got, bool)
    assert blue.got[0].event(secret).data.id == job.id
    time.sleep(0.1)
    assert other.got == []


def test_what_was_not_told_yet_is_told_after_a_restart(
    tmp_path: Path, receive: Callable[..., Receiver], start: Callable[[], Process]
) -> None:
    receiver = receive(status=500)
    first = start()
    secret = add(first.home, receiver.url)
    job = first.create()
    eventually(lambda: receiver.got, bool)
    first.kill()
    receiver.status = 200
    with Store(first.home / "engine.db").writing() as session:
        for row in session.query(DeliveryRow):
            row.next_at = now()
    before = len(receiver.got)
    start()
    eventually(lambda: len(receiver.got), lambda count: count > before)
    assert receiver.got[-1].event(secret).data.id == job.id
    assert receiver.got[-1].headers["webhook-id"] == receiver.got[0].headers["webhook-id"]


def test_pauses_grow_and_end_after_three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    clock = created = now()
    monkeypatch.setattr(deliveries, "now", lambda: clock)
    tries: list[int] = []
    while (moment := next_try(len(tries) + 1, created)) is not None:
        tries.append(moment - clock)
        clock = moment
    assert tries[0] <= 6
    assert tries[3] > tries[0]
    assert max(tries) <= 1.2 * 6 * 3600
    assert GIVE_UP_AFTER * 0.8 < sum(tries) <= GIVE_UP_AFTER


def test_a_secret_is_shown_once_and_random(tmp_path: Path) -> None:
    one, two = add(tmp_path, "https://example.com/a"), add(tmp_path, "https://example.com/b")
    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
    assert one not in str(listed(tmp_path))


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "file:///etc/passwd", "example.com", "http://", "http://u:p@example.com/", "http://[::"],
)
def test_what_is_no_address_of_a_web_server_is_refused(tmp_path: Path, url: str) -> None:
    assert main(["hooks", "add", url, "--home", str(tmp_path)]) == 2
    assert listed(tmp_path) == []


def test_a_project_has_only_so_many_addresses(tmp_path: Path) -> None:
    limits = Limits(project_hooks=2)
    with Store(tmp_path / "engine.db").writing() as session:
        for _ in range(2):
            hooks.add_hook(session, "blue", "https://example.com", limits)
        with pytest.raises(Exception, match="as many as it may have"):
            hooks.add_hook(session, "blue", "https://example.com", limits)
        hooks.add_hook(session, "red", "https://example.com", limits)
