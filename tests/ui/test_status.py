from __future__ import annotations

import pytest

from lib.jobs.records import Status
from lib.ui import status


@pytest.mark.parametrize("word", list(Status))
def test_every_status_we_know_has_a_name_and_a_meaning(word: Status) -> None:
    assert status.label(word) != word
    assert status.meaning(word) != status.meaning("something_new")


def test_a_word_of_the_service_is_shown_as_it_is_and_not_as_markdown() -> None:
    assert status.label("paused_for_review") == "paused_for_review"
    assert "![x]" not in status.badge("![x](http://x.example)")
