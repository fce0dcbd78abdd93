from __future__ import annotations

import pytest

from lib.datasets.files.readers import read_table


@pytest.mark.parametrize(
    "text",
    ["Q: One?\nA: Yes.\nIndeed.\n\nQ: Two?\nA: No.\n", "问：One?\n答：Yes.\nIndeed.\n\n问：Two?\n答：No.\n"],
)
def test_marked_questions_and_answers_become_two_columns(text: str) -> None:
    found = read_table(text.encode(), "faq.txt")
    assert found.rows == [["One?", "Yes.\nIndeed."], ["Two?", "No."]]
    assert [origin.line for origin in found.origins] == [1, 5]


def test_a_question_without_answer_is_kept_for_the_conversion_to_name() -> None:
    assert read_table(b"Q: One?\nQ: Two?\nA: No.\n", "faq.txt").rows == [["One?", ""], ["Two?", "No."]]


def test_other_text_is_one_text_a_line() -> None:
    found = read_table("春眠不觉晓，\n\n处处闻啼鸟。\n".encode(), "poem.txt")
    assert (found.columns, found.rows) == (["text"], [["春眠不觉晓，"], ["处处闻啼鸟。"]])
    assert [origin.line for origin in found.origins] == [1, 3]


def test_a_table_with_tabs_is_read_as_one_whatever_its_name() -> None:
    found = read_table(b"prompt\tcompletion\na\tb\nc\td\n", "export.txt")
    assert (found.format, found.rows) == ("tsv", [["a", "b"], ["c", "d"]])


@pytest.mark.parametrize(
    "text",
    [
        "Q1: One?\nA1: Yes.\nQ2: Two?\nA2: No.\n",
        "1. Q: One?\n   A: Yes.\n\n2. Q: Two?\n   A: No.\n",
        "**Q:** One?\n**A:** Yes.\n\n**Q:** Two?\n**A:** No.\n",
        "问题1：One?\n回答：Yes.\n问题2：Two?\n回答：No.\n",
    ],
)
def test_marks_may_be_numbered_or_bold(text: str) -> None:
    found = read_table(text.encode(), "faq.txt")
    assert found.rows == [["One?", "Yes."], ["Two?", "No."]]
