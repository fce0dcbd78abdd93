"""Checkpoint permissions: the operator lets another project ask a tuned model or a checkpoint, and ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openai
import pytest

from lib.engine.door.keys import add_key
from lib.engine.store import Store
from tests.engine.support import Running, client_of

Client = openai.OpenAI


@pytest.fixture(scope="module")
def key_of(engine: Running) -> Callable[[str], str]:
    """Make a key for a project."""

    def make(project: str) -> str:
        store = Store(engine.home / "engine.db")
        with store.writing() as session:
            key = add_key(session, project, "")[1]
        store.close()
        return key

    return make


@pytest.fixture(scope="module")
def tuned(engine: Running) -> tuple[str, str]:
    """The tuned model and the last checkpoint of a job in the default project."""
    job = engine.wait(engine.create().id)
    checkpoint = engine.client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    return job.fine_tuned_model, checkpoint.fine_tuned_model_checkpoint


@pytest.fixture
def blue(engine: Running, key_of: Callable[[str], str]) -> Iterator[Client]:
    with client_of(engine.url, key_of("blue")) as client:
        yield client


def ask(client: Client, model: str) -> str:
    return client.completions.create(model=model, prompt="hello").model


@pytest.mark.parametrize("which", [0, 1], ids=["model", "checkpoint"])
def test_a_project_asks_what_it_is_permitted_until_that_ends(
    engine: Running, tuned: tuple[str, str], blue: Client, which: int
) -> None:
    model, permissions = tuned[which], engine.client.fine_tuning.checkpoints.permissions
    with pytest.raises(openai.NotFoundError):
        ask(blue, model)
    given = permissions.create(model, project_ids=["blue"]).data[0]
    assert (given.object, given.project_id) == ("checkpoint.permission", "blue")
    assert ask(blue, model) == model
    assert blue.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError):
        blue.models.delete(model)
    assert permissions.delete(given.id, fine_tuned_model_checkpoint=model).deleted
    with pytest.raises(openai.NotFoundError):
        ask(blue, model)


def test_permissions_are_listed_and_paged(engine: Running, tuned: tuple[str, str]) -> None:
    model, permissions = tuned[1], engine.client.fine_tuning.checkpoints.permissions
    made = permissions.create(model, project_ids=["a", "b", "c", "a"]).data
    assert [row.project_id for row in made] == ["a", "b", "c"]
    assert [row.id for row in permissions.create(model, project_ids=["b"]).data] == [made[1].id]
    assert [row.project_id for row in permissions.list(model, limit=1)] == ["c", "b", "a"]
    assert [row.project_id for row in permissions.list(model, order="ascending", limit=2)] == ["a", "b", "c"]
    assert [row.project_id for row in permissions.list(model, project_id="b")] == ["b"]
    with pytest.warns(DeprecationWarning, match="paginated list"):
        page = permissions.retrieve(model, limit=2)
    assert (page.has_more, page.first_id, page.last_id) == (True, made[2].id, made[1].id)
    for row in made:
        permissions.delete(row.id, fine_tuned_model_checkpoint=model)


def test_only_the_operator_gives_lists_and_takes_permissions(tuned: tuple[str, str], blue: Client) -> None:
    permissions = blue.fine_tuning.checkpoints.permissions
    for attempt in (
        lambda: permissions.create(tuned[0], project_ids=["blue"]),
        lambda: permissions.list(tuned[0]),
        lambda: permissions.delete("cp_x", fine_tuned_model_checkpoint=tuned[0]),
    ):
        with pytest.raises(openai.PermissionDeniedError) as refused:
            attempt()
        assert refused.value.code == "insufficient_permissions"


def test_what_is_not_there_cannot_be_permitted(engine: Running, tuned: tuple[str, str]) -> None:
    permissions = engine.client.fine_tuning.checkpoints.permissions
    with pytest.raises(openai.NotFoundError):
        permissions.create("ft:starter:tuneboard::nothing", project_ids=["blue"])
    with pytest.raises(openai.NotFoundError):
        permissions.delete("cp_nothing", fine_tuned_model_checkpoint=tuned[0])
    for projects in ([], ["a b"], ["../x"], [""]):
        with pytest.raises(openai.BadRequestError):
            permissions.create(tuned[0], project_ids=projects)


def test_a_permission_of_a_deleted_model_is_gone(engine: Running, blue: Client) -> None:
    model = engine.wait(engine.create().id).fine_tuned_model
    engine.client.fine_tuning.checkpoints.permissions.create(model, project_ids=["blue"])
    assert model in [known.id for known in blue.models.list()]
    engine.client.models.delete(model)
    assert model not in [known.id for known in blue.models.list()]
    with pytest.raises(openai.NotFoundError):
        engine.client.fine_tuning.checkpoints.permissions.list(model)


def test_a_repeated_request_is_answered_as_before(engine: Running, tuned: tuple[str, str]) -> None:
    permissions = engine.client.fine_tuning.checkpoints.permissions
    again = {"extra_headers": {"Idempotency-Key": "give-green"}}
    first = permissions.create(tuned[0], project_ids=["green"], **again)
    permissions.delete(first.data[0].id, fine_tuned_model_checkpoint=tuned[0])
    assert permissions.create(tuned[0], project_ids=["green"], **again).data[0].id == first.data[0].id
