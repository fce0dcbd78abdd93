"""The shell around every page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from lib.config import ROOT
from lib.ui import language, places
from tests.pages.conftest import Visit


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
@pytest.mark.parametrize("name", places.PLACES)
def test_every_page_opens_on_an_empty_house_in_both_languages(visit: Visit, name: str, lang: str) -> None:
    at = visit(name, lang)
    assert not at.exception
    assert len(at.title) == 1
    assert at.sidebar.selectbox(key=language.KEY).value == lang


def test_every_page_on_disk_has_a_place_and_an_address_that_no_language_changes() -> None:
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == set(places.PLACES)


def test_the_choice_of_language_survives_the_way_to_another_page(visit: Visit) -> None:
    at = visit("home")
    at.sidebar.selectbox(key=language.KEY).select("zh_CN").run()
    at.switch_page(str(ROOT / "pages" / "jobs.py")).run()
    assert at.sidebar.selectbox(key=language.KEY).value == "zh_CN"
    assert at.query_params["lang"] == "zh_CN"


def test_a_refusal_tells_what_why_and_what_to_do_as_plain_text() -> None:
    def script() -> None:
        from lib.datasets.errors import WrongEncoding
        from lib.ui.text import refusals

        with refusals():
            raise WrongEncoding(file="![x](http://x.example/y.png)", encoding="gbk", line=3, column=9)

    at = AppTest.from_function(script).run()
    assert not at.exception
    (error,) = at.error
    assert "line 3" in error.proto.title
    assert "![" not in error.proto.title
    assert "Choose another encoding" in error.value


def test_a_refusal_without_why_and_what_to_do_is_shown_all_the_same() -> None:
    def script() -> None:
        from lib.errors import TuneboardError
        from lib.ui.text import show_error

        class Bare(TuneboardError):
            what = "It broke."

        show_error(Bare())

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.error[0].proto.title == "It broke\\."
