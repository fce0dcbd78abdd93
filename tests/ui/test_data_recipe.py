"""Marks can be typed, and roles keep their meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.shapes.mapping import Role
from lib.ui.data.recipe import spell, unspell
from lib.ui.data.roles import IN_HEADERS, as_in, values


@given(st.text(alphabet=" \\nst\n\t#->é唐"))
def test_a_mark_survives_being_spelled_out(mark: str) -> None:
    assert unspell(spell(mark)) == mark


@pytest.mark.parametrize(
    ("mark", "spelled"), [(" ->", "\\s->"), ("\n\n###\n\n", "\\n\\n###\\n\\n"), ("a b ", "a b\\s"), ("  ", "\\s\\s")]
)
def test_what_a_text_field_would_hide_is_spelled_out(mark: str, spelled: str) -> None:
    assert spell(mark) == spelled


def test_a_backslash_that_spells_nothing_stands_for_itself() -> None:
    assert unspell("C:\\dir\\") == "C:\\dir\\"


def test_a_role_keeps_its_meaning_in_the_other_format() -> None:
    assert as_in("chat", Role.PROMPT) == Role.USER
    assert as_in("completion", Role.ASSISTANT) == Role.COMPLETION
    assert as_in("completion", Role.SYSTEM) == Role.SYSTEM


def test_a_narrow_table_has_a_widget_a_column_and_a_wide_one_a_widget_a_role() -> None:
    assert values(["a", "b"], {"a": Role.PROMPT}) == {"data_role_0": Role.PROMPT, "data_role_1": Role.IGNORE}
    wide = [str(n) for n in range(IN_HEADERS + 1)]
    assert values(wide, {"3": Role.USER})["data_list_user"] == ["3"]
