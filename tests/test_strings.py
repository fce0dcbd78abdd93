"""Both languages are complete, and nothing on a screen bypasses them."""

from __future__ import annotations

import ast

from lib.i18n import catalogue, match, translate
from scripts import strings


def test_every_string_is_translated_with_the_same_fields() -> None:
    assert strings.catalogue_problems() == []


def test_no_screen_holds_a_literal_sentence() -> None:
    assert strings.literal_problems() == []


def test_a_bare_label_is_noticed() -> None:
    tree = ast.parse('st.button("Save", key="data_save")\nst.button(_("Save"))')
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert sum(strings.bare_label(call) for call in calls) == 1


def test_the_catalogue_is_read_as_it_is_written() -> None:
    assert catalogue("zh_CN")
    assert catalogue("en") == {}


def test_any_chinese_tag_reads_chinese_and_any_other_english() -> None:
    assert [match(tag) for tag in ("zh", "zh-TW", "zh_CN", "en-GB", "fr", None)] == ["zh_CN"] * 3 + ["en"] * 3


def test_a_field_may_have_any_name() -> None:
    assert translate("{text} of {n}", text="line", n=2) == "line of 2"
