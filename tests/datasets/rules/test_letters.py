from __future__ import annotations

import pytest

from lib.datasets.rules.letters import CHANGES, CompletionCapitals, LeadingSpace, PromptCapitals, in_capitals


def test_prompts_in_capitals_are_told_and_written_small_but_for_their_marks(pairs_in):
    pairs = [("WHERE IS MY ORDER END", "x"), ("Where is it? END", "y")]
    finding = pairs_in(PromptCapitals, pairs, separator=" END")["prompt_capitals"]
    assert list(finding.found.rows) == [0]
    change, settings = CHANGES["lower_case"], finding.fix["settings"]
    assert change({"prompt": pairs[0][0]}, settings) == {"prompt": "where is my order END"}
    assert change({"prompt": pairs[1][0]}, settings) == {"prompt": pairs[1][0]}


def test_a_stop_chosen_after_the_fix_was_accepted_stays_in_capitals():
    settings = {"field": "completion", "mark": "", "lead": ""}
    assert CHANGES["lower_case"]({"completion": " IN THE BACK YARD END"}, settings) == {
        "completion": " in the back yard END"
    }


def test_f6_chinese_with_two_acronyms_is_not_in_capitals(pairs_in):
    answers = ["我们支持AI和GPT模型的微调，也支持LORA和SFT。", "七天内退货。", "请联系客服。"]
    assert pairs_in(CompletionCapitals, [("q", answer) for answer in answers]) == {}


@pytest.mark.parametrize(
    ("text", "capitals"),
    [
        ("WHERE IS MY ORDER?", True),
        ("Where is my order?", False),
        ("OK", False),
        ("GPT-4", False),
        ("ПОЧЕМУ НЕ РАБОТАЕТ", True),
        ("AI GPT LORA SFT DPO 都支持吗我想先了解一下再说好不好谢谢", False),
        ("12345", False),
        ("", False),
        ("NO " * 30 + "yes", False),
    ],
)
def test_capitals_are_counted_among_letters_that_have_case(text, capitals):
    assert in_capitals(text) is capitals


def test_a_few_in_capitals_among_many_are_left(pairs_in):
    assert pairs_in(PromptCapitals, [("WHERE IS MY ORDER", "x"), *[("where", "y")] * 20]) == {}


def test_words_without_a_space_before_them_get_one_as_a_hint(pairs_in):
    finding = pairs_in(LeadingSpace, [("q", "yes"), ("q", "no")])["missing_leading_space"]
    assert (finding.severity, finding.fix["settings"]["value"]) == ("hint", True)


def test_f17_chinese_needs_no_leading_space(pairs_in):
    assert pairs_in(LeadingSpace, [("q", "好的"), ("q", "不行")]) == {}


def test_f17_a_space_before_chinese_is_taken_back(pairs_in):
    found = pairs_in(LeadingSpace, [("q", " 好的"), ("q", " 不行")], leading_space=True)
    assert found["needless_leading_space"].fix["settings"]["value"] is False


def test_completions_with_and_without_a_space_become_alike(pairs_in):
    finding = pairs_in(LeadingSpace, [("q", " yes"), ("q", "no"), ("q", " ok")])["mixed_leading_space"]
    assert (list(finding.found.rows), finding.fix["settings"]["value"]) == ([1], True)


def test_in_chinese_the_space_of_a_few_is_taken_off(pairs_in):
    finding = pairs_in(LeadingSpace, [("q", " 好的"), ("q", "不行")])["mixed_leading_space"]
    change = CHANGES[finding.fix["code"]]
    assert change({"prompt": "q", "completion": " 好的"}, {}) == {"prompt": "q", "completion": "好的"}


def test_words_with_their_space_are_fine(pairs_in):
    assert pairs_in(LeadingSpace, [("q", " yes"), ("q", " no")], leading_space=True) == {}


def test_a_cell_of_millions_of_capitals_takes_no_time():
    assert in_capitals("A" * 5_000_000)
