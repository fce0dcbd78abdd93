"""API keys: made and taken away by the operator, kept as hashes, each for one project."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from lib.engine.__main__ import main
from lib.engine.app import Engine
from lib.engine.door.keys import Keys
from lib.engine.store import Store
from tests.engine.support import KEY, TRAINER, WORKER, Process, Running, client_of, run_here


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[Running]:
    """An engine on loopback that nobody has given a key yet."""
    yield from run_here(Engine(tmp_path, trainer=TRAINER, worker=WORKER), tmp_path, "any")


def command(*words: str) -> tuple[int, str]:
    """Run an operator's command; return its exit status and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = main(words)
    return status, out.getvalue().strip()


def add_key(home: Path, project: str) -> str:
    return command("keys", "add", project, "--home", str(home))[1]


def status(engine: Running, key: str | None, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    return httpx2.get(f"{engine.url}/v1/models", headers=sent).status_code


def test_a_key_that_is_made_beside_a_running_engine_opens_it_at_once(engine: Running) -> None:
    key = add_key(engine.home, "blue")
    assert status(engine, key) == 200
    assert status(engine, key[:-1]) == 401


def test_a_key_that_is_taken_away_is_refused_at_the_next_request(engine: Running) -> None:
    key = add_key(engine.home, "blue")
    assert status(engine, key) == 200
    listed = command("keys", "list", "--home", str(engine.home))[1].splitlines()
    key_id = next(line.split("\t")[0] for line in listed if f"...{key[-4:]}" in line)
    assert command("keys", "remove", key_id, "--home", str(engine.home))[0] == 0
    assert status(engine, key) == 401
    assert command("keys", "remove", key_id, "--home", str(engine.home))[0] == 1


def test_keys_are_not_in_the_store_nor_in_any_list(engine: Running) -> None:
    key = add_key(engine.home, "blue")
    assert key not in command("keys", "list", "--home", str(engine.home))[1]
    kept = b"".join(path.read_bytes() for path in engine.home.rglob("*") if path.is_file())
    assert key.encode() not in kept
    assert KEY.encode() not in kept


def test_a_projects_key_acts_for_its_project_alone(engine: Running) -> None:
    blue = client_of(engine.url, add_key(engine.home, "blue"))
    red = client_of(engine.url, add_key(engine.home, "red"))
    operator = client_of(engine.url, KEY).with_options(project="blue")
    file = blue.files.create(file=("a.jsonl", b'{"a": 1}\n'), purpose="user_data")
    assert operator.files.retrieve(file.id).id == file.id
    with pytest.raises(openai.NotFoundError):
        red.files.retrieve(file.id)
    with pytest.raises(openai.AuthenticationError) as refused:
        red.with_options(project="blue").files.retrieve(file.id)
    assert refused.value.code == "mismatched_project"


@pytest.mark.parametrize("project", ["", "../x", "a b", "x" * 65, "é", "-"])
def test_a_project_has_a_plain_name(engine: Running, project: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "OpenAI-Project": project.encode("latin-1")}
    answer = httpx2.get(f"{engine.url}/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_project")


@pytest.mark.parametrize("authorization", ["Basic {key}", "{key}", "Bearer", "Bearer {key},{key}"])
def test_a_key_comes_as_bearer_or_not_at_all(engine: Running, authorization: str) -> None:
    headers = {"Authorization": authorization.format(key=KEY)}
    assert httpx2.get(f"{engine.url}/v1/models", headers=headers).status_code == 401


def test_a_loopback_engine_without_keys_takes_anyone_until_there_is_a_key(open_engine: Running) -> None:
    assert status(open_engine, None) == 200
    assert status(open_engine, "whatever", openai_project="blue") == 200
    key = add_key(open_engine.home, "blue")
    assert status(open_engine, None) == 401
    assert status(open_engine, "whatever") == 401
    assert status(open_engine, key) == 200
    key_id = command("keys", "list", "--home", str(open_engine.home))[1].split("\t")[0]
    command("keys", "remove", key_id, "--home", str(open_engine.home))
    assert status(open_engine, key) == 401, "taking the last key away must not open the door"


def test_keys_hold_over_a_restart(tmp_path: Path) -> None:
    key = add_key(tmp_path / "engine", "blue")
    process = Process(tmp_path / "engine")
    try:
        assert status(process, key) == 200
        assert status(process, "another") == 401
    finally:
        process.close()


def test_an_engine_open_to_the_network_lets_nobody_in_without_a_key(tmp_path: Path) -> None:
    keys = Keys(Store(tmp_path / "engine.db"), may_be_open=False)
    assert not keys.any()
    with pytest.raises(Exception, match="didn't provide an API key"):
        keys.caller("", None)
    add_key(tmp_path, "blue")
    assert keys.any()
    keys.close()


def test_a_store_that_is_locked_leaves_the_known_keys_in_force(tmp_path: Path) -> None:
    key = add_key(tmp_path, "blue")
    keys = Keys(Store(tmp_path / "engine.db"))
    assert keys.caller(f"Bearer {key}", None).project == "blue"
    with sqlite3.connect(tmp_path / "engine.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        assert keys.caller(f"Bearer {key}", None).project == "blue"
        other.rollback()
    other.close()
    keys.close()


@pytest.mark.parametrize("words", [("keys", "add", "a b"), ("keys", "add"), ("keys",), ("keys", "sell")])
def test_a_command_that_makes_no_sense_is_refused_with_a_sentence(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_key_that_no_header_can_carry_is_refused_at_the_start(tmp_path: Path) -> None:
    assert main(["--api-key", "ключ", "--home", str(tmp_path)]) == 2
