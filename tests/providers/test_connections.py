"""Connections that users add: where their keys lie, and who may be asked with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from lib import config
from lib.providers import backend, keys
from lib.providers.connections import add, connection, connections, rekey, remove
from lib.providers.errors import BadConfiguration, BadSecretKey, ForbiddenAddress, KeyGone, NoSecretKey
from tests.fake_service import Service
from tests.providers.conftest import KEY

URL = "https://api.tokenfactory.nebius.com/v1"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    made = Fernet.generate_key().decode()
    use(monkeypatch, secret_key=made)
    return made


def use(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"TUNEBOARD_{name.upper()}", value)
    config.settings.cache_clear()


def database(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.glob("tuneboard.db*"))


def test_a_kept_key_is_sealed_in_the_database(home: Path, secret: str) -> None:
    id = add("nebius", "Ours", URL, SecretStr(f" {KEY}\n"), keep=True)
    assert connection(id).api_key.get_secret_value() == KEY
    assert KEY.encode() not in database(home)
    assert KEY not in repr(connections())


def test_a_key_for_this_session_never_touches_the_disk(home: Path) -> None:
    id = add("nebius", "Ours", URL, SecretStr(KEY), keep=False)
    assert connection(id).api_key.get_secret_value() == KEY
    assert KEY.encode() not in database(home)
    keys.drop(id)  # as after a restart
    assert connection(id).missing_key
    with pytest.raises(KeyGone):
        backend.models(connection(id))


def test_without_a_secret_a_key_is_not_kept_and_the_reason_is_told() -> None:
    with pytest.raises(NoSecretKey):
        add("nebius", "Ours", URL, SecretStr(KEY), keep=True)
    assert [found.id for found in connections()] == ["engine"]


def test_a_secret_that_is_none_is_refused_without_quoting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, secret_key="too-short-SECRET")
    with pytest.raises(BadSecretKey) as caught:
        add("nebius", "Ours", URL, SecretStr(KEY), keep=True)
    assert "SECRET" not in str(caught.value.to_json()).replace("TUNEBOARD_SECRET_KEY", "")


def test_an_old_secret_opens_what_it_sealed_while_a_new_one_seals(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    id = add("nebius", "Ours", URL, SecretStr(KEY), keep=True)
    use(monkeypatch, secret_key=f"{Fernet.generate_key().decode()}, {secret}")
    assert connection(id).api_key.get_secret_value() == KEY
    use(monkeypatch, secret_key=Fernet.generate_key().decode())
    assert connection(id).missing_key


def test_a_key_can_be_entered_again_and_a_connection_removed(secret: str) -> None:
    id = add("nebius", "Ours", URL, SecretStr("sk-old"), keep=False)
    rekey(id, SecretStr(KEY), keep=True)
    keys.drop(id)
    assert connection(id).api_key.get_secret_value() == KEY
    remove(id)
    assert [found.id for found in connections()] == ["engine"]


def test_an_address_on_this_machine_needs_the_operators_word(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ForbiddenAddress):
        add("compatible", "Local", service.url, SecretStr(""), keep=False)
    use(monkeypatch, allow_local_addresses="1")
    id = add("compatible", "Local", service.url + "/", SecretStr(""), keep=False)
    assert backend.check(connection(id)).ok


def test_the_operators_file_gives_connections_with_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    file = tmp_path / "connections.yaml"
    file.write_text(
        "- {id: eu, provider: azure, title: Azure EU, base_url: 'https://x.openai.azure.com/openai/v1/', key: sk-1}\n"
        "- {id: neb, provider: nebius, key_file: key}\n"
    )
    use(monkeypatch, connections=str(file))
    azure, nebius = connections()[1:]
    assert (azure.title, azure.base_url, azure.added) == ("Azure EU", "https://x.openai.azure.com/openai/v1", False)
    assert (nebius.title, nebius.api_key.get_secret_value()) == ("Nebius Token Factory", KEY)


@pytest.mark.parametrize("text", ["- {id: x, provider: nobody}", "[", "- just text", "{a: 1}"])
def test_a_broken_file_is_told_without_quoting_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(text + f"\n# key: {KEY}\n")
    use(monkeypatch, connections=str(file))
    with pytest.raises(BadConfiguration) as caught:
        connections()
    assert KEY not in str(caught.value.to_json())
