from __future__ import annotations

from collections.abc import Callable

import pytest

from lib.datasets.files.readers import read_table
from lib.datasets.shapes.mapping import Role, guess_roles
from lib.datasets.table import Table

Build = Callable[..., Table]
STORY = "从前有一位英雄，他住在山脚下的村子里，每天清晨都去河边打水。"


@pytest.mark.parametrize(
    "columns",
    [
        "prompt completion",
        "Prompt Completion",
        "question answer",
        "问题 回答",
        "instruction output",
        "输入 输出",
        "query response",
    ],
)
def test_pairs_are_known_by_their_names(table: Build, columns: str) -> None:
    found = guess_roles(table(columns, ["long " * 50, "a"], ["b", "c"])).roles
    assert list(found.values()) == [Role.PROMPT, Role.COMPLETION]


def test_short_columns_before_the_long_one_become_the_prompt(table: Build) -> None:
    rows = [["0", "唐", "隐形", "轻松", STORY], ["1", "宋", "飞行", "紧张", STORY], ["3", "明", "变大", "感人", STORY]]
    guess = guess_roles(table("#1 dynasty power mood story", *rows))
    assert list(guess.roles.values()) == ["ignore", "prompt", "prompt", "prompt", "completion"]
    assert all(note.text() for note in guess.reasons.values())
    assert set(guess.reasons) == set(guess.roles)


def test_the_index_that_pandas_writes_is_left_out() -> None:
    data = "".join(f"{n},a{n},{STORY}\n" for n in (0, 2, 7))
    guess = guess_roles(read_table(f",name,text\n{data}".encode(), "a.csv"))
    assert list(guess.roles.values()) == ["ignore", "prompt", "completion"]


def test_alpaca_is_known_with_all_its_parts(table: Build) -> None:
    row = ["Be kind.", "Translate", "", "Hallo", [["a", "b"]]]
    found = guess_roles(table("system instruction input output history", row)).roles
    assert list(found.values()) == ["system", "prompt", "prompt", "completion", "messages"]


@pytest.mark.parametrize(
    "cell",
    [
        [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}],
        [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}],
        [{"human": "hi", "assistant": "yes"}],
        '[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]',
    ],
)
def test_conversations_are_known_by_what_they_hold(table: Build, cell: object) -> None:
    found = guess_roles(table("id conversations tools note", ["x1", cell, [{"type": "function"}], "?"])).roles
    assert list(found.values()) == ["ignore", "messages", "keep", "ignore"]


def test_two_answers_are_told_apart_and_one_alone_is_the_answer(table: Build) -> None:
    found = guess_roles(table("prompt chosen rejected", ["a", "good", "bad"])).roles
    assert list(found.values()) == ["prompt", "preferred", "rejected"]
    assert guess_roles(table("prompt chosen", ["a", "good"])).roles["chosen"] == Role.ASSISTANT
    assert guess_roles(table("prompt rejected", ["a", "bad"])).roles["rejected"] == Role.IGNORE


def test_a_label_is_what_the_model_answers(table: Build) -> None:
    assert guess_roles(table("text label", [STORY, "1"])).roles == {"text": "prompt", "label": "completion"}


def test_a_single_column_of_text_is_learned_to_be_written(table: Build) -> None:
    assert guess_roles(table("text", [STORY])).roles == {"text": "completion"}


def test_a_column_with_a_rare_long_remark_is_not_the_completion(table: Build) -> None:
    rows = [["name", STORY, ""]] * 19 + [["name", STORY, STORY * 3]]
    assert guess_roles(table("name text remark", *rows)).roles["text"] == Role.COMPLETION


def test_only_one_column_is_the_completion_by_name(table: Build) -> None:
    found = guess_roles(table("question answer response", ["a", "b", "c"])).roles
    assert list(found.values()) == ["prompt", "completion", "ignore"]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}', "chat"),
        (b'[{"prompt": "a", "completion": "b"}]', "completion"),
        (b'[{"question": "a", "answer": "b"}]', "flat"),
        (b'[{"instruction": "a", "output": "b", "history": [["a", "b"]]}]', "flat"),
    ],
)
def test_the_shape_of_a_file_is_told(data: bytes, shape: str) -> None:
    assert read_table(data, "a.json").shape == shape


@pytest.mark.parametrize(
    "cells",
    [
        ["12.5", "1,300.00", "-7"],
        ["2024-01-02", "2024-02-03 10:00", "2023/1/1"],
        ["https://example.com/a", "https://example.com/b", "https://example.com/c"],
        ["A-10001", "A-10002", "B-77001"],
        ["550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440001", "x50e8400-e29b-41d4-a716"],
        ["98%", "3%", "100%"],
    ],
)
def test_numbers_dates_addresses_and_codes_are_never_taken_for_text(table: Build, cells: list[str]) -> None:
    found = guess_roles(table("much name", *[[cell, "x"] for cell in cells]))
    assert found.roles == {"much": Role.IGNORE, "name": Role.COMPLETION}
    assert found.guessed == {"name"}


def test_a_column_of_user_numbers_is_no_question(table: Build) -> None:
    found = guess_roles(table("user review", ["u17", "I liked it."], ["u4", "Not for me."])).roles
    assert found == {"user": Role.IGNORE, "review": Role.COMPLETION}
    assert guess_roles(table("user assistant", ["hi", "yes"], ["bye", "no"])).roles["user"] == Role.USER


def test_a_name_makes_even_a_number_an_answer(table: Build) -> None:
    assert guess_roles(table("question answer", ["2 + 2", "4"])).roles["answer"] == Role.COMPLETION


@pytest.mark.parametrize(
    "columns",
    [
        "CustomerQuestion AgentReply",
        "user_prompt model_output",
        "常见问题 标准答案",
        "客户提问 客服回复",
        "问题描述 参考回答",
    ],
)
def test_a_part_of_the_name_is_a_hint_that_is_marked_as_one(table: Build, columns: str) -> None:
    found = guess_roles(table(columns, [STORY, "yes it is"], [STORY, "no it is not"]))
    assert list(found.roles.values()) == [Role.PROMPT, Role.COMPLETION]
    assert found.guessed == set(found.roles)


def test_what_stands_beside_open_questions_judges_the_answer(table: Build) -> None:
    asked = [{"role": "user", "content": "hi"}]
    found = guess_roles(table("messages tools solution id", [asked, [{"type": "function"}], "x", "7"])).roles
    assert list(found.values()) == [Role.MESSAGES, Role.KEEP, Role.REFERENCE, Role.REFERENCE]


def test_true_and_false_beside_an_answer_is_a_verdict_and_beside_a_text_a_label(table: Build) -> None:
    assert guess_roles(table("prompt completion label", ["a", "b", "true"])).roles["label"] == Role.DESIRABLE
    assert guess_roles(table("text label", ["a", "true"], ["b", "false"])).roles["label"] == Role.COMPLETION


def test_a_conversation_that_is_only_named_by_its_number_is_one_too(table: Build) -> None:
    lines = [[f"T{n}", who, f"What {who} says, in so many words."] for n in range(3) for who in ("user", "bot")]
    assert list(guess_roles(table("conversation speaker message", *lines)).roles.values()) == [
        "thread",
        "speaker",
        "line",
    ]
    talks = [['[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]', "ann"]] * 2
    assert guess_roles(table("conversation author", *talks)).roles["conversation"] == Role.MESSAGES


def test_lines_of_conversations_need_both_sides_and_a_thread_that_comes_again(table: Build) -> None:
    lines = [["7", "1", "user", "hello there"], ["7", "2", "assistant", "hi"]]
    assert list(guess_roles(table("thread_id turn role text", *lines)).roles.values()) == [
        "thread",
        "order",
        "speaker",
        "line",
    ]
    assert Role.THREAD not in guess_roles(table("thread_id turn role text", *lines[:1])).roles.values()
