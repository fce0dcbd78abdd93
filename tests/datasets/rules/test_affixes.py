from __future__ import annotations

import time

import pytest

from lib.datasets.recipe import Recipe
from lib.datasets.rules.affixes import CHANGES, CompletionBeginning, PromptBeginning, whole_sentences
from lib.datasets.rules.all_rules import CHANGES as ALL_CHANGES
from lib.datasets.rules.all_rules import RULES
from lib.datasets.rules.base import Context, view_of
from lib.datasets.table import Origin

NAMES = ["Ace", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Joe"]


def cut(finding, record):
    return CHANGES[finding.fix["code"]](record, finding.fix["settings"])


def test_an_instruction_repeated_in_every_prompt_is_cut(pairs_in):
    pairs = [(f"Classify this review.\nReview: {name} ->", "x") for name in NAMES]
    finding = pairs_in(PromptBeginning, pairs, separator=" ->")["common_prompt_prefix"]
    assert finding.title.values["n"] == 30
    assert cut(finding, {"prompt": pairs[0][0], "completion": "x"}) == {"prompt": "Ace ->", "completion": "x"}


def test_a_short_beginning_is_left(pairs_in):
    assert pairs_in(PromptBeginning, [(f"Review: {name}", "x") for name in NAMES]) == {}


def test_the_system_text_of_the_recipe_is_no_repeated_beginning(pairs_in):
    pairs = [(f"You are a helpful shop.\n\n{name} ->", "x") for name in NAMES]
    assert pairs_in(PromptBeginning, pairs, separator=" ->", system_prompt="You are a helpful shop.") == {}


def test_the_beginning_behind_the_system_text_is_cut_alone(pairs_in):
    pairs = [(f"Be kind.\n\nAnswer this question: {name} ->", "x") for name in NAMES]
    finding = pairs_in(PromptBeginning, pairs, separator=" ->", system_prompt="Be kind.")["common_prompt_prefix"]
    assert cut(finding, {"prompt": pairs[1][0], "completion": "x"})["prompt"] == "Be kind.\n\nBob ->"


@pytest.mark.parametrize(
    ("beginning", "whole"),
    [
        ("Translate to French: re", "Translate to French: "),
        ("请把下面的句子翻译成英文：我", "请把下面的句子翻译成英文："),
        ("这是关于GPT第", ""),
        ("{'title': 'Super_Bowl_50', 'context': ", ""),
        ("He said (and ", ""),
        ("unbroken", ""),
        ("What is the capital of ", ""),
        ("Don't guess. Answer: the buyer ", "Don't guess. Answer: "),
        ("Version 1.2 of a", ""),
        ("   ", ""),
    ],
)
def test_f8_a_beginning_ends_where_a_sentence_does_and_closes_what_it_opens(beginning, whole):
    assert whole_sentences(beginning) == whole


def test_f8_content_that_happens_to_begin_alike_is_not_cut(pairs_in):
    prompts = [f"这是关于GPT第{n}代模型的一个问题" for n in "一二三四五六七八九十"]
    assert pairs_in(PromptBeginning, [(prompt, "x") for prompt in prompts]) == {}


def test_f4_each_completion_keeps_its_own_text_and_its_space(pairs_in):
    completions = [f" Answer: {name} is red###" for name in NAMES]
    finding = pairs_in(CompletionBeginning, [("q", c) for c in completions], stop="###")["common_completion_prefix"]
    fixed = [cut(finding, {"prompt": "q", "completion": completion})["completion"] for completion in completions]
    assert fixed == [f" {name} is red###" for name in NAMES]


def test_f14_a_completion_that_would_become_empty_is_left_alone(pairs_in):
    pairs = [("q", f" Answer: {name}###") for name in ["", *NAMES]]
    finding = pairs_in(CompletionBeginning, pairs, stop="###")["common_completion_prefix"]
    assert cut(finding, {"prompt": "q", "completion": pairs[0][1]})["completion"] == " Answer: ###"


def test_f9_on_a_validation_file_only_the_very_same_beginning_is_cut(pairs_in):
    finding = pairs_in(PromptBeginning, [(f"Classify this: {name}", "x") for name in NAMES])["common_prompt_prefix"]
    other = {"prompt": "Classify that: c", "completion": "z"}
    assert cut(finding, other) is other
    assert cut(finding, {"prompt": "Classify this: d", "completion": "z"})["prompt"] == "d"


def test_a_text_that_begins_so_twice_is_not_ours_to_explain(pairs_in):
    finding = pairs_in(PromptBeginning, [(f"Classify this: {name}", "x") for name in NAMES])["common_prompt_prefix"]
    twice = {"prompt": "Classify this: Classify this: a", "completion": "z"}
    assert cut(finding, twice) is twice


def test_what_a_handful_of_examples_has_in_common_is_chance(pairs_in):
    assert pairs_in(PromptBeginning, [(f"Chicago Theatre: {name}", "x") for name in NAMES[:9]]) == {}


def test_texts_that_are_all_the_same_have_no_beginning_to_cut(pairs_in):
    assert pairs_in(CompletionBeginning, [("q", " Answer: yes")] * 20) == {}


def test_tokens_saved_are_told_when_they_were_counted(counted_in):
    records = [{"prompt": f"Classify this review: {name}", "completion": "xyz"} for name in "abcdefghij"]
    assert "220 tokens" in counted_in(PromptBeginning, records, [26] * 10, 99)["common_prompt_prefix"].why.text()
    assert "tokens" not in counted_in(PromptBeginning, records, [None] * 10, 99)["common_prompt_prefix"].why.text()


def test_five_thousand_rows_with_a_long_common_instruction_take_well_under_a_second():
    """prepare_data took 45 s: it sliced the whole column once for each character."""
    instruction = "Read the review and say whether the buyer is pleased. " * 41
    records = [{"prompt": f"{instruction}{i} ->", "completion": f" {i}###"} for i in range(5000)]
    context = Context(Recipe(separator=" ->", stop="###"))
    started = time.perf_counter()
    rules = [rule(context) for rule in RULES if rule.code.startswith("common_")]
    for row, record in enumerate(records):
        view = view_of(row, Origin(row + 1), record)
        for rule in rules:
            rule.look(view)
    (finding,) = [finding for rule in rules for finding in rule.findings()]
    change = ALL_CHANGES[finding.fix["code"]]
    fixed = [change(record, finding.fix["settings"]) for record in records]
    assert fixed[7] == {"prompt": "7 ->", "completion": " 7###"}
    assert time.perf_counter() - started < 1
