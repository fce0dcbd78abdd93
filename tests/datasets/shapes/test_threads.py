from __future__ import annotations

from collections.abc import Callable

import pytest

from lib.datasets import jsonl
from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.mapping import guess_roles
from lib.datasets.shapes.skips import Skip
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.shapes.threads import gather, gathered, has_threads
from lib.datasets.table import Table

Build = Callable[..., Table]
ROLES = {"t": "thread", "n": "order", "who": "speaker", "text": "line"}


def said(table: Table) -> list[list[str]]:
    at = table.columns.index("messages")
    return [[f"{m['role'][0]}{m['content']}" for m in row[at]] for row in table.rows]  # type: ignore[index,call-overload,union-attr]


def test_lines_become_conversations_in_the_order_of_their_numbers(table: Build) -> None:
    made = table(
        "t n who text",
        ["A", "10", "assistant", "bye"],
        ["B", "1", "user", "hi"],
        ["A", "2", "assistant", "yes?"],
        ["A", "9", "user", "go"],
        ["A", "1", "user", "hello"],
        ["B", "2", "assistant", "ho"],
    )
    found = gather(made, ROLES)
    assert said(found) == [["uhello", "ayes?", "ugo", "abye"], ["uhi", "aho"]]
    assert [origin.line for origin in found.origins] == [2, 3]
    assert convert(made, Recipe(ROLES, "chat")).records[1] == {
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    }


def test_a_row_may_hold_a_question_and_its_answer(table: Build) -> None:
    made = table("t n q a", ["1", "2", "c", "d"], ["1", "1", "a", "b"])
    assert said(gather(made, {"t": "thread", "n": "order", "q": "user", "a": "assistant"})) == [
        ["ua", "ab", "uc", "ad"]
    ]


def test_dates_with_times_are_an_order(table: Build) -> None:
    rows = [["1", "2024-01-02 10:05", "客服", "您好"], ["1", "2024-01-02 9:58", "客户", "在吗"]]
    assert said(gather(table("t n who text", *rows), ROLES)) == [["u在吗", "a您好"]]


def test_without_an_order_the_file_gives_it_and_a_note_says_so(table: Build) -> None:
    found = gather(
        table("t who text", ["1", "user", "a"], ["1", "gpt", "b"]), {k: v for k, v in ROLES.items() if k != "n"}
    )
    assert said(found) == [["ua", "ab"]]
    assert "as in the file" in found.notes[0].text()


def test_a_system_column_opens_the_conversation(table: Build) -> None:
    made = table("t n who text s", ["1", "1", "user", "a", "S"], ["1", "2", "bot", "b", ""])
    assert said(gather(made, {**ROLES, "s": "system"})) == [["sS", "ua", "ab"]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["1", "", "user", "a"]], "no_order"),
        ([["1", "soon", "user", "a"]], "unclear_order"),
        ([["1", "1", "user", "a"], ["1", "2024-01-01", "user", "a"]], "unclear_order"),
        ([["1", "1", "user", "a"], ["1", "1", "assistant", "b"]], "same_order"),
        ([["1", "1", "Bob", "a"]], "unknown_speaker"),
    ],
)
def test_what_can_only_be_guessed_leaves_the_conversation_out(table: Build, rows: list[list[str]], code: str) -> None:
    made = table("t n who text", *rows, ["2", "1", "user", "a"], ["2", "2", "assistant", "b"])
    found = convert(made, Recipe(ROLES, "chat"))
    assert len(found.examples) == 1
    assert [(skipped.code, skipped.origin.line) for skipped in found.skipped] == [(code, 2)]
    assert len(gather(made, ROLES).notes) == 1


def test_the_recipe_may_say_who_speaks(table: Build) -> None:
    made = table("t n who text", ["1", "1", "Bob", "a"], ["1", "2", "Shop", "b"])
    recipe = Recipe(ROLES, "chat", speakers={"Bob": "user", "Shop": "assistant"})
    assert len(convert(made, recipe).examples) == 1


def test_rows_can_be_streamed(table: Build) -> None:
    made = table("t n who text", ["1", "2", "assistant", "b"], ["2", "1", "x", ""], ["1", "1", "user", "a"])
    rows = (
        (n, o, dict(zip(made.columns, r, strict=True)))
        for n, (r, o) in enumerate(zip(made.rows, made.origins, strict=True))
    )
    found = list(gathered(rows, Recipe(ROLES)))
    assert [(row, origin.line, isinstance(fields, Skip)) for row, origin, fields in found] == [
        (0, 2, False),
        (1, 3, True),
    ]


def test_such_a_table_is_known_by_its_columns_and_converts_by_itself() -> None:
    data = (
        "conversation_id,turn,speaker,message,agent_id\n"
        "a1,1,customer,Where is my order of last week?,\na1,2,agent,It is on its way to you.,7\n"
        "b2,1,customer,Can I change the address?,\nb2,2,agent,Yes you can do that now.,9\n"
    )
    made = read_table(data.encode(), "log.csv")
    recipe = suggest_recipe(made)
    assert has_threads(recipe, made.columns)
    assert list(guess_roles(made).roles.values()) == ["thread", "order", "speaker", "line", "ignore"]
    once = convert(made, recipe).records
    assert [len(record["messages"]) for record in once] == [2, 2]
    again = read_table(jsonl.write(once), "again.jsonl")
    assert convert(again, recipe).records == once


def test_single_turns_of_a_log_can_become_prompts(table: Build) -> None:
    made = table("t n who text", ["1", "1", "user", "a"], ["1", "2", "assistant", "b"])
    recipe = suggest_recipe(made, ROLES, "completion")
    once = convert(made, recipe).records
    assert once == [{"prompt": "a ->", "completion": " b###"}]
    assert convert(read_table(jsonl.write(once), "again.jsonl"), recipe).records == once
