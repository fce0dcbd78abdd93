"""A question with two answers, of which one is preferred -> the parts of OpenAI's DPO record."""

from __future__ import annotations

from lib.datasets.recipe import Recipe
from lib.datasets.shapes.conversations import Message
from lib.datasets.shapes.rows import Row
from lib.datasets.shapes.skips import Skip, skip
from lib.datasets.shapes.turns import has_answer, problem_of_roles


def sides_of(row: Row, asked: list[Message], recipe: Recipe) -> tuple[list[Message], Message, Message] | Skip:
    """Return (messages that ask, the preferred answer, the other one), or why they are not all there.

    The preferred answer may also be the completion, or the last message of the conversation (ms-swift's
    `rejected_response`). Where an answer is written as a whole conversation, what comes before its last message must
    be the same on both sides.
    """
    preferred = row.preferred or row.answers
    if not preferred and row.completion:
        preferred = [{"role": "assistant", "content": recipe.bare_completion(row.completion)}]
    if not preferred and asked and asked[-1].get("role") == "assistant":
        asked, preferred = asked[:-1], asked[-1:]
    for side, missing in ((preferred, "no_preferred"), (row.rejected, "no_rejected")):
        if not side or side[-1].get("role") != "assistant" or not has_answer(side[-1]):
            return skip(missing)
    asked_by_both = shared(asked, preferred[:-1], row.rejected[:-1])
    if asked_by_both is None:
        return skip("different_questions")
    problem = problem_of_roles(asked_by_both) if asked_by_both else skip("no_question")
    if problem:
        return problem
    if asked_by_both[-1].get("role") in ("assistant", "system", "developer"):
        return skip("no_question")
    if preferred[-1] == row.rejected[-1]:
        return skip("same_answers")
    return asked_by_both, preferred[-1], row.rejected[-1]


def shared(asked: list[Message], before: list[Message], before_other: list[Message]) -> list[Message] | None:
    """Return the one conversation that both answers follow; None when they follow different ones."""
    for told in (before, before_other):
        if told and asked[-len(told) :] != told:
            if asked and told[-len(asked) :] != asked:
                return None
            asked = told
    return asked
