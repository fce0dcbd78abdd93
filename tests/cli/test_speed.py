"""How fast the engine trains a model."""

import pytest

from lib.cli.speed import speed_of
from lib.config import settings
from lib.providers import backend
from lib.providers.errors import Unreachable
from lib.providers.normalise import RemoteModel
from lib.workbench.targets import find_target


@pytest.fixture
def engine(monkeypatch):
    """Let an engine at some address answer with these models, or with an error."""

    def answers(answer):
        def models(connection, *, timeout):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", "http://127.0.0.1:9/v1")
        settings.cache_clear()
        monkeypatch.setattr(backend, "models", models)

    yield answers
    monkeypatch.undo()
    settings.cache_clear()


def test_the_speed_that_a_running_engine_measured_goes_before_the_usual_one(engine):
    engine([RemoteModel("starter", base=True, trainable=True, tokens_per_second=2_000.0, measured=True)])
    speed = speed_of(find_target("engine:starter"))
    assert (speed.tokens_per_second, speed.measured_here) == (2_000.0, True)


def test_without_an_engine_the_usual_speed_is_taken_and_said_to_be_that():
    speed = speed_of(find_target("engine:starter"))
    assert (speed.tokens_per_second, speed.measured_here) == (10_000, False)


def test_a_silent_engine_is_no_reason_to_give_up(engine):
    engine(Unreachable(service="The engine", detail="refused"))
    assert not speed_of(find_target("engine:starter")).measured_here


def test_hosted_models_promise_no_speed():
    assert speed_of(find_target("openai")) is None
