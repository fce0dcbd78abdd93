"""The parts of a row -> one example in one of OpenAI's shapes, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lib.datasets.recipe import CHAT, COMPLETION, PREFERENCE, REINFORCEMENT, Recipe
from lib.datasets.rules.talk_changes import DROP_TRAILING, without_trailing
from lib.datasets.shapes.conversations import Message, is_plain
from lib.datasets.shapes.images import with_images
from lib.datasets.shapes.plans import REFERENCE, Plan
from lib.datasets.shapes.preference import sides_of
from lib.datasets.shapes.rows import Row, kept_value
from lib.datasets.shapes.skips import Skip, skip
from lib.datasets.shapes.tool_calls import as_tools
from lib.datasets.shapes.turns import leads, problem_of, problem_of_roles, single_turn

Record: TypeAlias = "dict[str, Any]"
Builder: TypeAlias = "Callable[[Row, Recipe, Plan], Record | Skip]"


def completion_record(row: Row, recipe: Recipe, plan: Plan) -> Record | Skip:
    """Build {"prompt", "completion"}. A prompt may be empty only where there is nothing to ask."""
    prompt, completion, system = row.prompt, row.completion, row.system
    if row.messages or row.answers or row.preferred or row.images:
        messages = conversation(row, recipe, plan, lead=False)
        if isinstance(messages, Skip):
            return messages
        turn = single_turn(messages)
        if turn is None:
            return skip("many_turns")
        system, prompt, completion = turn.system or system, turn.prompt, turn.completion
    if not recipe.bare_completion(completion).strip():
        return skip("empty_completion")
    if not plan.open_ended and not prompt.strip():
        return skip("empty_prompt")
    dressed = plan.own and prompt.endswith(recipe.separator) and bool(recipe.separator or plan.has_system)
    asked = prompt if dressed else recipe.prompt(prompt, system)
    return {"prompt": asked, "completion": recipe.completion(completion)}


def chat_record(row: Row, recipe: Recipe, plan: Plan) -> Record | Skip:
    """Build {"messages", ...}: system text, the conversation so far, the question, the answer."""
    messages = conversation(row, recipe, plan)
    return messages if isinstance(messages, Skip) else {"messages": messages, **row.kept}


def preference_record(row: Row, recipe: Recipe, plan: Plan) -> Record | Skip:
    """Build {"input", "preferred_output", "non_preferred_output"}: one message of the assistant on each side."""
    found = sides_of(row, opening(row, recipe), recipe)
    if isinstance(found, Skip):
        return found
    asked, preferred, rejected = found
    shown = with_images(asked, row.images)
    if isinstance(shown, Skip):
        return shown
    return {
        "input": {"messages": shown, **row.kept},
        "preferred_output": [preferred],
        "non_preferred_output": [rejected],
    }


def reinforcement_record(row: Row, recipe: Recipe, plan: Plan) -> Record | Skip:
    """Build {"messages", ...}: messages that end with the user, beside them what an answer is judged by.

    Where no column is the reference, the answer of a pair becomes `reference_answer`.
    """
    messages = opening(row, recipe)
    references = dict(row.references)
    if not references and row.completion:
        references = {REFERENCE: recipe.bare_completion(row.completion)}
    problem = problem_of_roles(messages)
    if problem:
        return problem
    if messages[-1]["role"] == "assistant":
        return skip("answered")
    if messages[-1]["role"] in ("system", "developer"):
        return skip("no_question")
    shown = with_images(messages, row.images)
    if isinstance(shown, Skip):
        return shown
    return {"messages": shown, **row.kept, **references}


BUILDERS: dict[str, Builder] = {
    COMPLETION: completion_record,
    CHAT: chat_record,
    PREFERENCE: preference_record,
    REINFORCEMENT: reinforcement_record,
}


def talk_record(fields: Mapping[str, Any], plan: Plan, recipe: Recipe) -> Record | Skip | None:
    """Build a chat record of messages that have OpenAI's shape already; None when there is more to look at.

    Most large files hold nothing else: here they take a fifth of the time.
    """
    messages = fields[plan.talk]
    for message in messages:
        if not is_plain(message):
            return None
    if recipe.system_prompt and not leads(messages):
        messages = [*recipe.messages("")[:1], *messages]
    messages, problem = ended(messages, recipe)
    if problem:
        return problem
    record = {"messages": messages}
    for column, _role in plan.columns:
        if column != plan.talk and (cell := fields.get(column)) not in (None, ""):
            value = kept_value(cell)
            if value != [] or isinstance(cell, list):
                record[column] = as_tools(value) if column == "tools" else value
    return record


def opening(row: Row, recipe: Recipe, *, lead: bool = True) -> list[Message]:
    """Return what stands before the answer: system text, the conversation so far, the question."""
    system = recipe.messages("", row.system)[:-1] if lead or row.system else []
    question = recipe.messages(row.prompt)[-1:] if row.prompt.strip() else []
    return [*([] if leads(row.messages) else system), *row.messages, *question]


def conversation(row: Row, recipe: Recipe, plan: Plan, *, lead: bool = True) -> list[Message] | Skip:
    """Return all messages of an example that ends with an answer to learn. `lead`: with the recipe's system text."""
    asked = opening(row, recipe, lead=lead)
    answers = [*row.answers, *row.preferred[-1:]]
    if row.preferred[:-1] and asked[-len(row.preferred) + 1 :] != row.preferred[:-1]:
        asked += row.preferred[:-1]
    if row.completion:
        answers.append({"role": "assistant", "content": recipe.bare_completion(row.completion)})
    flat = not row.messages and not row.answers and not row.preferred
    if flat and not recipe.bare_completion(row.completion).strip():
        return skip("empty_completion")
    if flat and not plan.open_ended and not row.prompt.strip():
        return skip("empty_prompt")
    shown = with_images([*asked, *answers], row.images)
    if isinstance(shown, Skip):
        return shown
    shown, problem = ended(shown, recipe)
    return problem or shown


def ended(messages: list[Message], recipe: Recipe) -> tuple[list[Message], Skip | None]:
    """Return messages and what is wrong with them. What follows the last answer is cut first if that was accepted:
    later, when the other fixes run, the row would be left out already.
    """
    problem = problem_of(messages)
    if problem and problem.code == "not_answered" and any(fix["code"] == DROP_TRAILING for fix in recipe.fixes):
        messages = without_trailing({"messages": messages}, {})["messages"]
        problem = problem_of(messages)
    return messages, problem
