"""Why a row gives no example: a code that never changes, and one sentence with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from lib.datasets.table import Note
from lib.i18n import N_

REASONS = {
    "empty_completion": N_("The completion is empty: there is nothing to learn. Fill it in, or leave the row out."),
    "empty_prompt": N_("The prompt is empty. Fill it in, or leave the row out."),
    "not_messages": N_("The column {column} holds no list of messages here. Write the row like the others."),
    "many_turns": N_(
        "The conversation is more than one question with one answer in text. Choose chat messages as the format."
    ),
    "no_messages": N_("There are no messages. Fill them in, or leave the row out."),
    "unknown_role": N_("A message has the role {role}, which no service knows. Use system, user or assistant."),
    "not_answered": N_("The last message is not from the assistant, so there is no answer to learn. Add the answer."),
    "empty_answer": N_("The last message of the assistant is empty. Fill it in, or leave the row out."),
    "no_weight": N_(
        "Every message of the assistant has weight 0, so there is nothing to learn. Give one of them weight 1."
    ),
    "broken_call": N_(
        "A call of a tool is not JSON with a name and arguments. Write it as an object with name and arguments."
    ),
    "unmatched_tool_answer": N_(
        "The answers of tools don't match the calls before them. Give each call one answer, in the same order."
    ),
    "no_preferred": N_("There is no preferred answer. Fill it in, or leave the row out."),
    "no_rejected": N_("There is no answer that was not preferred. Fill it in, or choose another format."),
    "same_answers": N_("Both answers are the same, so there is nothing to prefer. Change one, or leave the row out."),
    "different_questions": N_("The two answers belong to different conversations. Let both follow the same messages."),
    "no_question": N_("There is no question to answer. Add a message of the user, or leave the row out."),
    "answered": N_(
        "The last message is an answer; rows for reinforcement end with the user. Choose chat messages as the format."
    ),
    "no_reference": N_("The row has nothing to judge an answer by. Fill in the reference, or leave the row out."),
    "not_desirable": N_("The label says that this answer is not wanted, so it is not learnt."),
    "unclear_label": N_("The label is neither true nor false. Write one of them."),
    "several_instances": N_("The row holds several examples ({n}). Write each on a line of its own."),
    "missing_image": N_(
        "The image {image} is a file that is not here. Give its address (https or data), or ignore the column."
    ),
    "unmatched_images": N_(
        "The text has {marks} places for images, and the row has {images} images. Make them the same number."
    ),
    "no_order": N_("The conversation {thread} has a line without its place in the order. Fill it in."),
    "same_order": N_("The conversation {thread} has two lines at the same place. Number them one after the other."),
    "unclear_order": N_(
        "The order of the conversation {thread} can't be told from {value}. Use numbers, or dates with times."
    ),
    "different_systems": N_("The conversation {thread} has more than one system text. Leave one."),
    "unknown_speaker": N_(
        "The speaker {speaker} is neither the user nor the assistant. Say who it is, or write user or assistant."
    ),
}

BY_DESIGN = {
    "not_desirable": N_("All is well. To learn from such answers too, pair each with a wanted one, as a preference."),
}
"""Rows that are left out although nothing is wrong with them -> what to say in place of how to correct them."""


@dataclass(frozen=True, slots=True)
class Skip:
    """No example, and why."""

    code: str
    """Names the reason in JSON and in the tests: a key of `REASONS`."""
    reason: Note


def skip(code: str, **values: str | int | float) -> Skip:
    """Return the skip of a code; `values` fill its sentence."""
    return Skip(code, Note(REASONS[code], values))
