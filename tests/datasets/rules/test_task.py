from __future__ import annotations

import pytest

from lib.datasets.rules.task import Sameness, Task, is_label

LABELS = ["positive", "negative", "neutral"]


def test_few_short_answers_are_classification_and_labels_are_counted(pairs_in):
    pairs = [(f"review {i}", f" {LABELS[i % 3]}###") for i in range(61)]
    finding = pairs_in(Task, pairs, stop="###")["task_classification"]
    assert finding.count == 3
    assert finding.title.text() == "This is classification. Labels: 3, from positive (21) to neutral (20)."


def test_chinese_labels_are_classification_too(pairs_in):
    assert "task_classification" in pairs_in(Task, [(f"评论{i}", ["好评", "差评"][i % 2]) for i in range(40)])


def test_labels_with_few_examples_are_named(pairs_in):
    pairs = [(f"r{i}", "yes") for i in range(30)] + [(f"s{i}", "no") for i in range(9)]
    assert pairs_in(Task, pairs)["rare_labels"].title.text() == "Labels with fewer than 10 examples: 1 (no)."


def test_f7_four_questions_with_one_answer_are_paraphrases_and_no_classification(pairs_in):
    answers = [f"You can send it back within {n} days, at our expense." for n in range(20)]
    found = pairs_in(Task, [(f"way {w} to ask {n}", answers[n]) for n in range(20) for w in range(4)])
    assert found.keys() == {"task_paraphrases"}
    assert found["task_paraphrases"].title.text() == "Few answers to many questions: 20 answers to 80 questions."
    assert "same side" in found["task_paraphrases"].todo.text()


def test_f7_chinese_faq_answers_are_no_labels(pairs_in):
    answers = ["七天之内都可以无理由退货。", "我们只支持顺丰快递发货。", "请联系在线客服修改地址。"] * 5
    found = pairs_in(Task, [(f"问法{i}", answer) for i, answer in enumerate(answers)])
    assert found.keys() == {"task_paraphrases"}


def test_f7_all_completions_identical_is_an_error_and_no_classification(pairs_in):
    pairs = [(f"q{i}", "yes") for i in range(30)]
    assert pairs_in(Task, pairs) == {}
    assert pairs_in(Sameness, pairs)["same_completions"].severity == "error"


def test_answers_that_all_differ_are_the_commonest_task(pairs_in):
    assert pairs_in(Task, [(f"q{i}", f"answer {i}") for i in range(30)]).keys() == {"task_conditional"}


def test_texts_without_prompts_are_free_writing(pairs_in):
    assert pairs_in(Task, [("", f"story {i}") for i in range(30)]).keys() == {"task_open_ended"}


def test_a_separator_alone_asks_nothing(pairs_in):
    found = pairs_in(Task, [(" ->", f"story {i}") for i in range(30)], separator=" ->")
    assert found.keys() == {"task_open_ended"}


def test_more_than_a_thousand_short_answers_are_no_labels(pairs_in):
    pairs = [(f"q{i}", f"n{i // 4}") for i in range(4004)]
    assert pairs_in(Task, pairs).keys() == {"task_paraphrases"}


def test_all_prompts_the_same_is_told_unless_there_are_none(pairs_in):
    assert pairs_in(Sameness, [("go ->", f"a{i}") for i in range(3)], separator=" ->").keys() == {"same_prompts"}
    assert pairs_in(Sameness, [(" ->", f"a{i}") for i in range(3)], separator=" ->") == {}


def test_conversations_that_end_alike_but_differ_before_are_not_the_same(talks_in):
    talks = [
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": f"hello {i}"},
            {"role": "user", "content": "bye"},
            {"role": "assistant", "content": "Goodbye!"},
        ]
        for i in range(3)
    ]
    assert "same_completions" not in talks_in(Sameness, talks)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("positive", True),
        ("不满意", True),
        ("order status / returns", True),
        ("", False),
        ("Yes, it is.", False),
        ("one two three four five six", False),
        ("a\nb", False),
        ("这是一个很长很长很长很长的回答没有标点", False),
    ],
)
def test_a_label_is_short_and_no_sentence(text, label):
    assert is_label(text) is label
