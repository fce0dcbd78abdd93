"""Tables for every screen test, and a way to open a page through the shell in a language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.config import ROOT
from lib.migrations import migrate

SHELL = ROOT / "lib" / "ui" / "shell.py"

Visit = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def tables(home: Path) -> None:
    """Make the tables in the test's own database."""
    migrate()


@pytest.fixture
def visit() -> Visit:
    """Open a page as a browser would: `visit("data", lang="zh_CN", draft=id)`."""

    def open_page(name: str, lang: str = "en", **params: str) -> AppTest:
        at = AppTest.from_file(str(SHELL), default_timeout=20)
        at.context = {"locale": lang.replace("_", "-"), "timezone": "Asia/Shanghai"}
        at.run()
        at.switch_page(str(ROOT / "pages" / f"{name}.py"))
        for key, value in params.items():
            at.query_params[key] = value
        return at.run()

    return open_page
