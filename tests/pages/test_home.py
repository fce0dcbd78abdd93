"""Home: how the backend is, what comes next, what was done last."""

from __future__ import annotations

import pytest

from lib import library
from lib.providers import embedded
from lib.providers.embedded import EngineState, EngineStatus
from lib.ui import backend_line
from tests.pages import road
from tests.pages.conftest import Visit


class Engine:
    """An engine that is in the state it is told."""

    def __init__(self, status: EngineStatus, detail: str = "") -> None:
        self._state = EngineState(status, 0.0, 1, detail)

    def state(self) -> EngineState:
        return self._state

    def endpoint(self) -> None:
        return None


def primary(at: object) -> list[str]:
    return [button.key for button in at.button if button.proto.type == "primary"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_an_empty_house_offers_the_tour_as_its_one_primary_button(visit: Visit, lang: str) -> None:
    at = visit("home", lang)
    assert not at.exception
    assert primary(at) == ["home_tour"]


def test_the_tour_begins_with_the_stories_in_a_draft_of_their_own(visit: Visit) -> None:
    at = visit("home")
    at.button(key="home_tour").click().run()
    assert not at.exception
    (draft,) = library.drafts("data")
    assert at.query_params["draft"] == draft.id
    assert draft.state["name"] == "stories.csv"


def test_the_next_step_leads_on_from_what_is_there(visit: Visit) -> None:
    version = road.stories()
    at = visit("home")
    assert primary(at) == ["home_step"]
    at.button(key="home_step").click().run()
    assert at.query_params["version"] == version.id


def test_recent_datasets_and_jobs_are_listed(visit: Visit) -> None:
    road.job(road.stories(), name="Tang stories")
    at = visit("home")
    assert {"stories v1", "Tang stories"} <= {link.label for link in at.page_link}


@pytest.mark.parametrize("status", EngineStatus)
def test_the_engine_is_told_in_one_line_whatever_its_state(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, status: EngineStatus
) -> None:
    monkeypatch.setattr(backend_line, "embedded", lambda: Engine(status, "exit 137."))
    at = visit("home")
    assert not at.exception
    assert any(status.value in text.lower() for text in [m.value for m in at.markdown])


def test_an_engine_that_stopped_says_why(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_line, "embedded", lambda: Engine(EngineStatus.RESTARTING, "exit 137."))
    assert any("exit 137" in caption.value for caption in visit("home").caption)


def test_without_an_engine_the_line_says_so(visit: Visit) -> None:
    assert embedded.embedded() is None
    assert any("without the engine" in caption.value for caption in visit("home").caption)


def test_foreign_names_are_not_markup(visit: Visit) -> None:
    road.job(road.stories(name=road.HOSTILE), name=road.HOSTILE)
    at = visit("home")
    assert not at.exception
    shown = road.texts(at) + "".join(link.label for link in at.page_link)
    for markup in ("![pixel](", "<img", "](http", ":material/home:", "http://x.example"):
        assert markup not in shown
