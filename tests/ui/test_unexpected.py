"""An error nobody foresaw shows a reference and no secrets; the log has the rest under the same reference."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest


def failing_page() -> None:
    from lib.ui.unexpected import report

    assert report(ValueError("/a/path and a secret"))


def test_the_reader_gets_a_reference_and_the_log_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    at = AppTest.from_function(failing_page).run()
    (shown,) = at.error
    assert "secret" not in str(shown.value)
    reference = re.search(r"[0-9a-f]{8}", str(shown.value))
    assert reference is not None
    assert f"reference={reference[0]}" in caplog.text
    assert "ValueError: /a/path and a secret" in caplog.text
