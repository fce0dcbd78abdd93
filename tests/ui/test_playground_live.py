"""While a model is being loaded, the reader is told so and can stop the wait."""

from __future__ import annotations

import threading

from pydantic import SecretStr

from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import Prepared
from lib.providers.client import close_clients
from lib.providers.connections import Connection
from lib.ui.playground import live
from lib.ui.pump import pump
from tests.fake_service import running


def test_the_line_below_an_answer_says_that_the_model_is_being_loaded() -> None:
    assert live._progress(Answer(loading=True), 12.0, 12.0).startswith("The model is being loaded, 12 s")
    assert "loaded" not in live._progress(Answer(), 12.0, 12.0)


def test_a_reader_who_stops_the_wait_ends_it_and_nothing_more_is_sent() -> None:
    with running() as service:
        service.fault("POST", "completions$", times=9, status=429, body='{"error": {"message": "Model is loading"}}')
        at, answer = Connection("x", "openai", "There", service.url, SecretStr("k")), Answer()
        heard = pump(stream(at, "ft:new", Prepared("completion", prompt="?"), Sampling(), answer))
        while not answer.loading:
            next(heard)
        heard.close()
        _wait_until_ended()
        assert (answer.stopped, answer.loading, len(service.requests)) == (True, False, 1)
        close_clients()


def _wait_until_ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "pump":
            thread.join(5)
