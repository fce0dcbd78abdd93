from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.datasets import jsonl
from lib.datasets.errors import NoUsableColumns, TooFewExamples
from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, convert, converter, example_of, require_examples
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.table import Table

Build = Callable[..., Table]
PAIR = {"a": "prompt", "b": "completion"}


def talk(*turns: str, **keys: Any) -> list[dict[str, Any]]:
    names = {"s": "system", "u": "user", "a": "assistant"}
    messages: list[dict[str, Any]] = [{"role": names[turn[0]], "content": turn[1:]} for turn in turns]
    messages[-1] |= keys
    return messages


def reasons(table: Table, recipe: Recipe) -> list[tuple[int, str]]:
    return [(skipped.origin.line, skipped.reason.text()) for skipped in convert(table, recipe).skipped]


def test_columns_of_one_role_are_joined_in_their_order(table: Build) -> None:
    recipe = Recipe({"x": "prompt", "y": "completion", "z": "prompt"}, separator=" ->", stop="\n")
    found = convert(table("x y z w", ["唐", "故事", "轻松", "?"]), recipe)
    assert found.records == [{"prompt": "唐,轻松 ->", "completion": "故事\n"}]


def test_rows_without_text_are_left_out_with_line_and_reason(table: Build) -> None:
    made = table("a b", ["x", "y"], ["x", " \n"], ["", "y"])
    assert [(line, "empty" in why) for line, why in reasons(made, Recipe(PAIR))] == [(3, True), (4, True)]
    assert [skipped.code for skipped in convert(made, Recipe(PAIR)).skipped] == ["empty_completion", "empty_prompt"]
    assert [example.origin.line for example in convert(made, Recipe(PAIR)).examples] == [2]


def test_prompts_may_be_empty_when_all_are(table: Build) -> None:
    made = table("a b", ["", "x"], ["", "y"])
    assert suggest_recipe(made, PAIR).open_ended
    found = convert(made, Recipe(PAIR, separator="", open_ended=True))
    assert [record["prompt"] for record in found.records] == ["", ""]


def test_structured_cells_become_json_and_not_python(table: Build) -> None:
    found = convert(table("a b", [{"title": "x", "n": None}, ["唐"]]), Recipe(PAIR, separator=""))
    assert found.records == [{"prompt": '{"title": "x", "n": null}', "completion": '["唐"]'}]


def test_flat_columns_become_messages(table: Build) -> None:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    made = table("s u a", ["S", "hi", "yes"], ["", "hi", "no"])
    found = convert(made, Recipe(roles, "chat", system_prompt="D")).records
    assert found == [{"messages": talk("sS", "uhi", "ayes")}, {"messages": talk("sD", "uhi", "ano")}]


def test_history_stands_before_the_question(table: Build) -> None:
    roles = {"h": "messages", "q": "prompt", "r": "completion"}
    found = convert(table("h q r", [[["a", "b"]], "c", "d"]), Recipe(roles, "chat")).records
    assert found == [{"messages": talk("ua", "ab", "uc", "ad")}]


def test_chat_files_pass_through_unchanged() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    records: list[dict[str, Any]] = [
        {"messages": talk("sS", "ua", "ab", weight=0) + talk("uc", "ad", weight=1)},
        {"messages": [{"role": "user", "content": "a", "name": "Ann"}, {"role": "assistant", "tool_calls": [call]}]},
        {"messages": talk("ua", "ab"), "tools": tools, "parallel_tool_calls": False},
        {"messages": [{"role": "developer", "content": "d"}, *talk("ua", "ab", refusal=None)]},
    ]
    made = read_table(jsonl.write(records), "a.jsonl")
    assert convert(made, suggest_recipe(made)).records == records


@pytest.mark.parametrize(
    "messages",
    [
        [],
        talk("ua"),
        talk("ua", "a "),
        talk("ua", "ab", weight=0),
        [{"role": "wizard", "content": "a"}, *talk("ab")],
    ],
)
def test_messages_with_nothing_to_learn_are_left_out_with_a_reason(
    table: Build, messages: list[dict[str, Any]]
) -> None:
    found = convert(table("messages", [messages], shape="chat"), Recipe({"messages": "messages"}, "chat"))
    assert (len(found.examples), len(found.skipped)) == (0, 1)
    assert found.skipped[0].reason.text()


def test_a_cell_that_holds_no_messages_is_named(table: Build) -> None:
    found = reasons(table("messages", ["oops"], shape="chat"), Recipe({"messages": "messages"}, "chat"))
    assert "messages" in found[0][1]


def test_only_a_single_question_fits_into_prompt_and_completion(table: Build) -> None:
    made = table("messages", [talk("ua", "ab")], [talk("ua", "ab", "uc", "ad")], shape="chat")
    found = convert(made, Recipe({"messages": "messages"}, separator=" ->", stop="!"))
    assert found.records == [{"prompt": "a ->", "completion": "b!"}]
    assert len(found.skipped) == 1


def test_other_ways_to_write_conversations_are_understood() -> None:
    for text in (
        '[{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}]',
        '[{"conversation": [{"human": "a", "assistant": "b"}]}]',
        '[{"messages": [{"role": "user", "content": [{"type": "text", "value": "a"}]}, {"role": "assistant", '
        '"content": "b"}]}]',
    ):
        made = read_table(text.encode(), "a.json")
        assert convert(made, suggest_recipe(made)).records == [{"messages": talk("ua", "ab")}]


def test_the_preferred_answer_ends_the_conversation() -> None:
    asked = '"conversations": [{"from": "human", "value": "a"}]'
    text = f'[{{{asked}, "chosen": {{"from": "gpt", "value": "b"}}, "rejected": {{"from": "gpt", "value": "c"}}}}]'
    made = read_table(text.encode(), "a.json")
    assert suggest_recipe(made).format == "preference"
    assert convert(made, suggest_recipe(made, format="chat")).records == [{"messages": talk("ua", "ab")}]
    assert convert(made, suggest_recipe(made, format="completion")).records == [
        {"prompt": "a ->", "completion": " b###"}
    ]


def test_rows_for_reinforcement_keep_everything_beside_their_messages() -> None:
    asked = [{"role": "developer", "content": "d"}, {"role": "user", "content": "q"}]
    records = [{"messages": asked, "answer_value": 4.5, "exact": True, "steps": ["a"], "id": f"{n}"} for n in range(2)]
    made = read_table(jsonl.write(records), "a.jsonl")
    recipe = suggest_recipe(made)
    assert recipe.format == "reinforcement"
    assert convert(made, recipe).records == records
    assert [example_of(record, recipe) for record in records] == records


def test_pairs_become_rows_for_reinforcement_and_answers_do_not(table: Build) -> None:
    recipe = Recipe({"q": "prompt", "a": "completion"}, "reinforcement")
    once = convert(table("q a", ["2 + 2 ->", "4"]), recipe).records
    assert once == [{"messages": [{"role": "user", "content": "2 + 2"}], "reference_answer": "4"}]
    assert convert(read_table(jsonl.write(once), "again.jsonl"), recipe).records == once
    answered = example_of({"messages": talk("ua", "ab")}, Recipe({"messages": "messages"}, "reinforcement"))
    assert isinstance(answered, Skip)
    assert answered.code == "answered"


def test_self_instruct_gives_an_example_for_each_instance() -> None:
    rows = [
        {"instruction": "Add", "instances": [{"input": "1 + 1", "output": "2"}]},
        {"instruction": "Double", "instances": [{"input": "1", "output": "2"}, {"input": "", "output": "4"}]},
    ]
    made = read_table(jsonl.write(rows), "a.jsonl")
    recipe = suggest_recipe(made)
    found = convert(made, recipe)
    assert [record["prompt"] for record in found.records] == ["Add\n1 + 1 ->", "Double\n1 ->", "Double ->"]
    assert [example.origin.line for example in found.examples] == [1, 2, 2]
    assert convert(read_table(jsonl.write(found.records), "again.jsonl"), recipe).records == found.records
    several = example_of(rows[1], recipe)
    assert isinstance(several, Skip)
    assert several.code == "several_instances"


def test_only_wanted_answers_are_learnt_and_a_label_is_never_guessed() -> None:
    rows = [{"messages": talk("ua", "ab"), "label": label} for label in (True, False)]
    made = read_table(jsonl.write(rows), "a.jsonl")
    found = convert(made, suggest_recipe(made))
    assert (len(found.examples), [s.code for s in found.skipped]) == (1, ["not_desirable"])
    unclear = example_of({**rows[0], "label": "maybe"}, suggest_recipe(made))
    assert isinstance(unclear, Skip)
    assert unclear.code == "unclear_label"


def test_weights_of_other_tools_become_openais_where_they_mean_the_same() -> None:
    turns = [
        {"role": "user", "content": "a", "loss_weight": 0.0},
        {"role": "assistant", "content": "b", "loss": False},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d", "loss_weight": 0.5},
    ]
    record = example_of({"messages": turns}, Recipe({"messages": "messages"}, "chat"))
    assert isinstance(record, dict)
    assert [message.get("weight") for message in record["messages"]] == [None, 0, None, None]
    assert record["messages"][3]["loss_weight"] == 0.5


def test_null_is_nothing_and_words_for_nothing_are_words(table: Build) -> None:
    recipe = Recipe(PAIR, separator="")
    assert isinstance(example_of({"a": "x", "b": None}, recipe), Skip)
    for label in ("NA", "None", "null", "nan", "N/A"):
        assert example_of({"a": "x", "b": label}, recipe) == {"prompt": "x", "completion": label}
    assert example_of({"a": 1.5, "b": True}, recipe) == {"prompt": "1.5", "completion": "true"}


def test_a_row_of_json_may_leave_columns_out() -> None:
    recipe = Recipe({"q": "prompt", "note": "prompt", "a": "completion"}, joiner=",", separator="")
    convert_row = converter(recipe, ["q", "note", "a"])
    assert convert_row({"q": "x", "a": "y"}) == {"prompt": "x", "completion": "y"}
    assert convert_row({"a": "y", "note": "n", "q": "x"}) == {"prompt": "x,n", "completion": "y"}


def test_a_file_that_is_prepared_already_is_taken_as_it_is(table: Build) -> None:
    recipe = Recipe({"q": "prompt", "a": "completion"}, separator=" ->", stop="#")
    assert example_of({"prompt": "x ->", "completion": "y#"}, recipe) == {"prompt": "x ->", "completion": "y#"}
    chat = Recipe({"q": "user", "a": "assistant"}, "chat")
    assert example_of({"prompt": "x", "completion": "y"}, chat) == {"messages": talk("ux", "ay")}


def test_no_column_to_learn_from_is_refused(table: Build) -> None:
    with pytest.raises(NoUsableColumns):
        convert(table("a b", ["x", "y"]), Recipe({"a": "prompt", "b": "ignore"}))


def test_fewer_than_ten_examples_are_refused_with_the_numbers(table: Build) -> None:
    found = convert(table("a b", *[["x", "y"]] * 9, ["x", ""]), Recipe(PAIR))
    with pytest.raises(TooFewExamples) as caught:
        require_examples(found)
    assert caught.value.values == {"file": "test.csv", "found": 9, "minimum": 10, "skipped": 1}
    require_examples(convert(table("a b", *[["x", "y"]] * 10), Recipe(PAIR)))


TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("#-> \nEND")), max_size=12)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), st.sampled_from(["completion", "chat"]))
def test_a_recipe_changes_nothing_in_its_own_output(table: Build, rows: list[tuple[str, str]], format: str) -> None:
    made = table("a b", *rows)
    recipe = suggest_recipe(made, PAIR, format)
    once = convert(made, recipe).records
    if not once:
        return
    again = read_table(jsonl.write(once), "again.jsonl")
    assert convert(again, recipe).records == once
    assert convert(again, suggest_recipe(again, format=format)).records == once


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "human", "gpt", "developer", "tool", "function"])},
    optional={
        "content": st.one_of(TEXTS, st.none()),
        "name": WORDS,
        "weight": st.sampled_from([0, 1]),
        "refusal": WORDS,
        "loss_weight": st.sampled_from([0.0, 0.5, 1.0]),
        "tool_call_id": WORDS,
    },
)
TALK = st.lists(MESSAGE, max_size=4)
CELLS = {
    "prompt": TEXTS,
    "completion": TEXTS,
    "user": TEXTS,
    "assistant": TEXTS,
    "system": TEXTS,
    "messages": TALK,
    "preferred": st.one_of(TEXTS, TALK),
    "rejected": st.one_of(TEXTS, TALK),
    "reference": st.one_of(TEXTS, st.integers(), st.booleans()),
    "keep": st.just([{"type": "function"}]),
    "desirable": st.booleans(),
}


@st.composite
def rows_and_recipes(draw: st.DrawFn) -> tuple[list[dict[str, Any]], Recipe]:
    """Rows whose columns may be called like those of an output, and a recipe with any roles for them."""
    names = ["prompt", "completion", "messages", "tools", "input", "preferred_output", "non_preferred_output", "a", "b"]
    columns = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    own = {"prompt": "prompt", "completion": "completion", "messages": "messages", "tools": "keep", "input": "messages"}
    own |= {"preferred_output": "preferred", "non_preferred_output": "rejected"}
    free = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=len(columns), max_size=len(columns)))
    roles = {column: own.get(column, role) for column, role in zip(columns, free, strict=True)}
    recipe = Recipe(
        roles,
        draw(st.sampled_from(["completion", "chat", "preference", "reinforcement"])),
        draw(st.sampled_from([" ->", "#", ""])),
        draw(st.sampled_from([" END", ""])),
        draw(st.sampled_from(["", "S"])),
        leading_space=draw(st.booleans()),
        open_ended=draw(st.booleans()),
    )
    row = st.fixed_dictionaries({column: CELLS[role] for column, role in roles.items()})
    return draw(st.lists(row, min_size=1, max_size=3)), recipe


@settings(max_examples=400, deadline=None)
@given(rows_and_recipes())
def test_whatever_a_recipe_makes_it_makes_again(made: tuple[list[dict[str, Any]], Recipe]) -> None:
    rows, recipe = made
    for row in rows:
        once = example_of(row, recipe)
        if isinstance(once, dict):
            assert example_of(once, recipe) == once
            assert json.loads(json.dumps(once)) == once


@given(
    st.builds(
        Recipe, st.dictionaries(TEXTS, TEXTS, max_size=2), separator=TEXTS, stop=TEXTS, leading_space=st.booleans()
    )
)
def test_a_recipe_survives_storage(recipe: Recipe) -> None:
    assert Recipe.from_json({**recipe.to_json(), "of_another_version": 1}) == recipe
    assert Recipe.from_json({}) == Recipe()
