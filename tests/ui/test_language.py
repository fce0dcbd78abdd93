"""The reader's language: chosen, asked for in the address, set by the operator, or the browser's."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from lib import i18n
from lib.config import settings
from lib.ui import language


def script() -> None:
    import streamlit as st

    from lib import i18n
    from lib.ui import language

    language.prepare()
    language.draw_switch()
    st.text(i18n.language())


def opened(locale: str, **params: str) -> AppTest:
    at = AppTest.from_function(script)
    at.context = {"locale": locale}
    for key, value in params.items():
        at.query_params[key] = value
    return at.run()


@pytest.mark.parametrize(("locale", "told"), [("zh-TW", "zh_CN"), ("en-GB", "en"), ("fr", "en")])
def test_the_browser_is_believed_when_nobody_else_speaks(locale: str, told: str) -> None:
    at = opened(locale)
    assert at.text[0].value == told
    assert "lang" not in at.query_params


def test_the_address_speaks_louder_than_the_browser() -> None:
    assert opened("en", lang="zh").text[0].value == "zh_CN"


def test_the_operator_speaks_louder_than_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_LANGUAGE", "zh_CN")
    settings.cache_clear()
    assert opened("en-US").text[0].value == "zh_CN"


def test_the_readers_choice_speaks_loudest_and_stays_in_the_address() -> None:
    at = opened("en", lang="zh")
    at.selectbox(key=language.KEY).select("en").run()
    assert at.text[0].value == "en"
    assert "lang" not in at.query_params
    at.selectbox(key=language.KEY).select("zh_CN").run()
    assert at.query_params["lang"] == "zh_CN"


def test_off_the_screen_it_is_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_LANGUAGE", "zh_CN")
    settings.cache_clear()
    assert i18n.match(language.current()) == "zh_CN"
