"""Webhook addresses over the wire, as OpenAI's SDK manages them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openai
import pytest

from lib.engine.door.keys import add_key
from lib.engine.hooks import webhooks
from lib.engine.store import Store
from tests.engine.receiving import Receiver, receivers
from tests.engine.support import Running, client_of, eventually

URL = "https://example.com/told"


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    yield from receivers()


def make(engine: Running, url: str = URL, **options: object) -> openai.types.webhooks.WebhookEndpointWithSecret:
    types = ["fine_tuning.job.succeeded", "batch.completed"]
    return engine.client.webhooks.create(event_types=types, name="ours", url=url, **options)  # type: ignore[arg-type]


def test_an_address_is_made_read_changed_and_forgotten(engine: Running) -> None:
    client = engine.client.webhooks
    made = make(engine)
    assert made.signing_secret.startswith("whsec_")
    assert made.event_types == ["fine_tuning.job.succeeded", "batch.completed"]
    seen = client.retrieve(made.id)
    assert (seen.name, seen.url, seen.signing_secret_hint) == ("ours", URL, made.signing_secret_hint)
    assert made.signing_secret not in seen.to_json()
    changed = client.update(made.id, name="theirs", event_types=["batch.failed"])
    assert (changed.name, changed.url, changed.event_types) == ("theirs", URL, ["batch.failed"])
    assert client.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.retrieve(made.id)


def test_addresses_are_listed_newest_first_and_paged(engine: Running) -> None:
    made = [make(engine).id for _ in range(3)]
    assert [row.id for row in engine.client.webhooks.list(limit=2)][:3] == made[::-1]
    for hook in made:
        engine.client.webhooks.delete(hook)
    assert "batch.expired" in engine.client.webhooks.event_types.list().data


def test_an_address_is_told_only_what_it_asked_for(engine: Running, receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    made = make(engine, receiver.url)
    engine.wait(engine.create("error=1").id)
    job = engine.wait(engine.create().id)
    eventually(lambda: receiver.got, bool)
    assert [got.event(made.signing_secret).data.id for got in receiver.got] == [job.id]
    engine.client.webhooks.delete(made.id)


def test_a_sample_is_sent_at_once_and_its_answer_told(engine: Running, receive: Callable[..., Receiver]) -> None:
    receiver = receive(status=418)
    made = make(engine, receiver.url)
    result = engine.client.webhooks.test(made.id, event_type="batch.completed")
    assert result.status_code == 418
    assert receiver.got[0].event(made.signing_secret).type == "batch.completed"
    engine.client.webhooks.update(made.id, url="http://127.0.0.1:9/closed")
    with pytest.raises(openai.BadRequestError) as refused:
        engine.client.webhooks.test(made.id, event_type="batch.completed")
    assert refused.value.code == "webhook_unreachable"
    engine.client.webhooks.delete(made.id)


def test_a_new_secret_signs_and_the_old_one_beside_it_for_a_day(
    engine: Running, receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, receiver = engine.client.webhooks, receive()
    old = make(engine, receiver.url)
    new = client.rotate_secret(old.id, keep_old_secret_active_for_24_hours=True)
    assert new.signing_secret != old.signing_secret
    client.test(old.id, event_type="batch.completed")
    for secret in (old.signing_secret, new.signing_secret):
        receiver.got[-1].event(secret)
    monkeypatch.setattr(webhooks, "OLD_SECRET_SECONDS", -1)
    newer = client.rotate_secret(old.id, keep_old_secret_active_for_24_hours=True)
    client.test(old.id, event_type="batch.completed")
    receiver.got[-1].event(newer.signing_secret)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        receiver.got[-1].event(new.signing_secret)
    client.delete(old.id)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "ftp://example.com"},
        {"url": "http://u:p@example.com"},
        {"event_types": ["response.completed"]},
        {"event_types": []},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_refused(engine: Running, fields: dict[str, object]) -> None:
    good = {"event_types": ["batch.failed"], "name": "a", "url": URL}
    with pytest.raises(openai.BadRequestError):
        engine.client.webhooks.create(**(good | fields))  # type: ignore[arg-type]


def test_whoever_names_an_address_makes_this_machine_call_it_so_only_the_operator_may(engine: Running) -> None:
    store = Store(engine.home / "engine.db")
    with store.writing() as session:
        key = add_key(session, "default", "")[1]
    store.close()
    made = make(engine)
    with client_of(engine.url, key) as client:
        for attempt in (
            lambda: client.webhooks.create(event_types=["batch.failed"], name="a", url=URL),
            client.webhooks.list,
            lambda: client.webhooks.retrieve(made.id),
            lambda: client.webhooks.update(made.id, name="b"),
            lambda: client.webhooks.rotate_secret(made.id),
            lambda: client.webhooks.test(made.id, event_type="batch.failed"),
            lambda: client.webhooks.delete(made.id),
        ):
            with pytest.raises(openai.PermissionDeniedError):
                attempt()
    engine.client.webhooks.delete(made.id)


def test_a_repeated_request_makes_one_address(engine: Running) -> None:
    again = {"extra_headers": {"Idempotency-Key": "one address"}}
    first = make(engine, **again)
    assert make(engine, **again).id == first.id
    assert len(engine.client.webhooks.list().data) == 1
    engine.client.webhooks.delete(first.id)
