"""A question is dressed as the examples were."""

from __future__ import annotations

from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import convert
from lib.inference.prompting import Prepared, Turn, prepare

STORY = Recipe(roles={"a": "prompt", "b": "completion"}, separator=" ->", stop="\n###\n")


def test_a_question_gets_the_separator_and_the_stop_of_the_training() -> None:
    table = read_table("a,b\n唐,故事\n".encode(), "x.csv")
    trained = convert(table, STORY).records[0]
    asked = prepare(STORY, "唐")
    assert asked == Prepared("completion", prompt=trained["prompt"], stop=("\n###\n",))


def test_a_separator_that_was_typed_is_not_put_twice() -> None:
    assert prepare(STORY, "唐 ->").prompt == "唐 ->"


def test_no_stop_is_sent_where_none_was_trained() -> None:
    assert prepare(Recipe(), "q").stop == ()


def test_a_chat_gets_the_system_prompt_once() -> None:
    recipe = Recipe(format="chat", system_prompt="Be dry.")
    first = prepare(recipe, "Hello")
    assert first.messages == (Turn(role="system", content="Be dry."), Turn(role="user", content="Hello"))
    turns = [*first.messages, Turn(role="assistant", content="Hm."), Turn(role="user", content="More")]
    assert prepare(recipe, turns).messages == tuple(turns)


def test_a_model_of_completions_is_asked_the_last_question_alone() -> None:
    turns = [Turn(role="user", content="one"), Turn(role="assistant", content="1"), Turn(role="user", content="two")]
    assert prepare(STORY, turns).prompt == "two ->"


def test_models_that_learnt_from_preferences_or_a_grader_are_asked_in_chat() -> None:
    for format in ("preference", "reinforcement"):
        assert prepare(Recipe(format=format), "Hello").messages == (Turn(role="user", content="Hello"),)
