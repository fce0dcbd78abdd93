"""A page's fields and its draft: what a field holds reaches the browser, also when a run of the page is cut short."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.migrations import migrate
from lib.ui import drafts


def page(whole: bool = True) -> None:
    import streamlit as st

    from lib import library
    from lib.ui import drafts

    draft_id = drafts.open_draft("letter")
    drafts.fill("letter", draft_id, {"name": "stories"} | (library.draft(draft_id, "letter") or {}))
    name = st.text_input("Name", key="name")
    if not whole:
        st.stop()
    drafts.keep("letter", draft_id, {"name": name})


@pytest.fixture(autouse=True)
def tables(home: object) -> None:
    migrate()


def sent(app: AppTest) -> Any:
    """Return the field as it went to the browser; `set_value` says that it brings its value along."""
    return app.text_input(key="name").proto


def test_a_field_that_a_cut_run_may_have_lost_is_sent_again() -> None:
    app = AppTest.from_function(page, kwargs={"whole": False}).run()
    assert sent(app.run()).set_value
    assert sent(app).value == "stories"


def test_a_field_that_has_arrived_is_left_to_whoever_types_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app = AppTest.from_function(page).run()
    assert sent(app.run()).set_value, "the first whole run may have been followed too soon"
    monkeypatch.setattr(drafts, "TIME_TO_ARRIVE", -1.0)
    assert not sent(app.run()).set_value
    assert app.text_input(key="name").input("poems").run().text_input(key="name").value == "poems"
