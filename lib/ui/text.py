r"""Text that is not ours (rows, file names, a model's words, a backend's message) on a screen that reads Markdown.

`st.text`, `st.code`, `st.dataframe` and `st.json` show text as it is. Everything else in Streamlit reads Markdown,
where `![](http://...)` makes the reader's browser call a stranger. So foreign text goes through those four, or
through `escape` when it stands inside a sentence of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from string import punctuation
from typing import Any

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _

_JOINER = "\u2060"  # invisible; keeps apart what Markdown's second pass would put together again
_MARKUP = re.compile(f"[{re.escape(punctuation)}]")
_SECOND_PASS = re.compile(r"(?<=[:@<>~-])|(?<=www)", re.IGNORECASE)
_VISIBLE = str.maketrans({"\n": "↵\n", "\t": "⇥\t", " ": "·"})


def escape(text: object) -> str:
    r"""Return `text` as one line of Markdown that renders as itself: no image, link, HTML, emoji, arrow or formula.

    A backslash stops the parser. Streamlit then looks through the parsed text again for `:icons:`, web addresses and
    arrows such as `->`; an invisible word joiner stops that.
    """
    line = " ".join(str(text).split())
    return _MARKUP.sub(lambda found: "\\" + found[0], _SECOND_PASS.sub(_JOINER, line))


def say(sentence: str, **values: object) -> str:
    """Translate a sentence marked with `N_` and fill in `values`, escaped: Markdown works in ours, not in theirs."""
    return _(sentence, **{name: escape(value) for name, value in values.items()})


def shorten(text: str, length: int = 60) -> str:
    """Return the first line of `text`, cut at `length` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def visible(text: str) -> str:
    """Return `text` with its spaces, tabs and line ends drawn, for `st.code`."""
    return text.translate(_VISIBLE)


def show_error(error: TuneboardError) -> None:
    """Draw a refusal: what is wrong as the title, why it matters and what to do next below it."""
    told = error.explain()
    body = "\n\n".join(escape(part) for part in (told.why, told.todo) if part)
    st.error(body, title=escape(told.what), icon=":material/error:")


@contextmanager
def refusals() -> Iterator[None]:
    """Draw what the block refuses to do, and go on after it. In a callback it is drawn on top of the page."""
    try:
        yield
    except TuneboardError as error:
        show_error(error)


def show_rows(rows: list[dict[str, Any]], **options: Any) -> Any:
    """Draw foreign text as a table: `st.dataframe` without its index, whose cells are plain text."""
    return st.dataframe(rows, hide_index=True, **options)
