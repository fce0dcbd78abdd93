from __future__ import annotations

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, view_of
from lib.datasets.rules.languages import Languages
from lib.datasets.table import Origin

EN = "This is a sentence in English, long enough to be told."
ZH = "这是一个用中文写的句子，长到可以看出来。"
JA = "これは日本語で書かれた文章です。"


def found_in(*pairs: tuple[str, str]) -> list[Finding]:
    rule = Languages(Context(Recipe()))
    for row, (prompt, completion) in enumerate(pairs):
        rule.look(view_of(row, Origin(row + 1), {"prompt": prompt, "completion": completion}))
    return rule.findings()


def test_a_few_answers_in_another_script_are_named() -> None:
    (finding,) = found_in(*[(EN, EN)] * 8, (ZH, ZH), (JA, JA), (JA, JA))[:1]
    assert (finding.code, finding.severity) == ("language_mix", "hint")
    assert finding.title.text() == "Answers written in Chinese, unlike most: 1."
    assert list(finding.found.rows) == [8]


def test_answers_in_another_script_than_their_question_are_named() -> None:
    mixed, differs = found_in(*[(ZH, ZH)] * 8, (ZH, EN))
    assert (differs.code, list(differs.found.rows)) == ("language_differs", [8])
    assert mixed.title.text() == "Answers written in Latin letters, unlike most: 1."


def test_a_file_of_translations_is_as_it_should_be() -> None:
    assert found_in(*[(ZH, EN)] * 9) == []


def test_half_and_half_is_meant_so() -> None:
    assert found_in(*[(ZH, ZH), (EN, EN)] * 5) == []


def test_labels_and_a_word_of_english_say_nothing() -> None:
    assert found_in(*[(ZH, "positive")] * 9, ("用 Python 写一个排序函数，要求时间复杂度尽可能低。", "好的")) == []


def test_nothing_is_found_in_nothing() -> None:
    assert found_in() == []
