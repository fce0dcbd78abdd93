"""Settings: services are added, tested in words, given new keys and removed; a key is never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from lib.config import settings
from lib.providers.connections import add, connections
from tests.fake_service import Service, running
from tests.pages import road
from tests.pages.conftest import Visit

KEY = "sk-SECRET-0123456789"
REFUSED = '{"error": {"message": "OpenAI is winding down", "code": "training_not_available"}}'
MISSING = '{"error": {"message": "no model", "code": "model_not_found"}}'


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running() as served:
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", served.url)
        monkeypatch.setenv("TUNEBOARD_ALLOW_LOCAL_ADDRESSES", "1")
        settings.cache_clear()
        yield served


def added(visit: Visit, service: Service, key: str = KEY) -> object:
    at = visit("settings")
    at.selectbox(key="settings_service").set_value("compatible").run()
    at.text_input(key="settings_title_0").set_value("Ours")
    at.text_input(key="settings_url_0").set_value(service.url)
    at.text_input(key="settings_key_0").set_value(key)
    return at.button(key="FormSubmitter:settings_add-Add and test").click().run()


def test_a_service_is_added_and_tested_in_words(visit: Visit, service: Service) -> None:
    service.fault("POST", "/jobs$", status=400, body=MISSING)
    at = added(visit, service)
    assert not at.exception  # type: ignore[attr-defined]
    shown = road.texts(at)
    for sentence in ("can be reached", "The key is accepted", "Models offered", "jobs can be started"):
        assert sentence in shown
    assert KEY not in shown
    assert [found.title for found in connections()][1:] == ["Ours"]
    assert service.jobs == [], "a test starts nothing"


def test_an_account_that_may_not_train_is_told_so_before_any_upload(visit: Visit, service: Service) -> None:
    service.fault("POST", "/jobs$", status=403, body=REFUSED)
    shown = road.texts(added(visit, service))
    assert "may not start fine-tuning jobs" in shown
    assert "winding down" in shown


def test_a_web_page_in_place_of_the_api_has_its_own_sentence(visit: Visit, service: Service) -> None:
    service.fault("GET", "/models$", status=200, body="<html><title>Log in</title>")
    assert "A web page is at this address" in road.texts(added(visit, service))


def test_an_address_on_this_server_is_refused_with_the_reason(
    visit: Visit, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOARD_ALLOW_LOCAL_ADDRESSES", "0")
    settings.cache_clear()
    at = added(visit, service)
    assert "is not allowed" in at.error[0].icon + at.error[0].value + road.texts(at)  # type: ignore[attr-defined]
    assert len(connections()) == 1


def test_a_key_of_one_session_is_not_offered_to_another(visit: Visit, service: Service) -> None:
    mine = added(visit, service)
    assert "Ours" in road.texts(mine)
    assert "Ours" not in road.texts(visit("settings"))


def test_a_connection_is_removed_after_a_question(visit: Visit, service: Service) -> None:
    id = add("compatible", "Ours", service.url, SecretStr(""), keep=False)
    at = visit("settings")
    at.button(key=f"settings_remove_{id}").click().run()
    assert len(connections()) == 2
    at.button(key="settings_remove_yes").click().run()
    assert len(connections()) == 1


def test_foreign_text_is_never_markdown(visit: Visit, service: Service) -> None:
    add("compatible", road.HOSTILE, service.url, SecretStr(""), keep=False)
    assert "![pixel]" not in road.texts(visit("settings"))
