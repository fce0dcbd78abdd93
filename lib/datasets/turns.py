"""What makes messages a training example, and when they are a single question with its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.datasets.conversations import Message
from lib.datasets.table import Note
from lib.i18n import N_

KNOWN_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}

NO_MESSAGES = N_("There are no messages.")
UNKNOWN_ROLE = N_("A message has the role {role}, which no service knows.")
NOT_ANSWERED = N_("The last message is not from the assistant, so there is no answer to learn.")
EMPTY_ANSWER = N_("The last message of the assistant is empty.")
NO_WEIGHT = N_("Every message of the assistant has weight 0, so there is nothing to learn.")


@dataclass(frozen=True)
class Turn:
    """One question with its answer."""

    prompt: str
    completion: str
    system: str = ""


def problem_of(messages: Sequence[Message]) -> Note | None:
    """Say why messages can't be trained on; None when they can."""
    if not messages:
        return Note(NO_MESSAGES)
    unknown = [str(m.get("role")) for m in messages if m.get("role") not in KNOWN_ROLES]
    if unknown:
        return Note(UNKNOWN_ROLE, {"role": unknown[0][:50]})
    last = messages[-1]
    if last["role"] != "assistant":
        return Note(NOT_ANSWERED)
    if not has_answer(last):
        return Note(EMPTY_ANSWER)
    answers = [message for message in messages if message["role"] == "assistant"]
    return Note(NO_WEIGHT) if all(message.get("weight") == 0 for message in answers) else None


def has_answer(message: Message) -> bool:
    """Say whether a message of the assistant holds text, parts, a refusal or calls."""
    content: Any = message.get("content")
    spoken = bool(content.strip()) if isinstance(content, str) else bool(content)
    return spoken or any(message.get(key) for key in ("tool_calls", "function_call", "refusal"))


def single_turn(messages: Sequence[Message]) -> Turn | None:
    """Return the question and answer if that is all the messages hold, besides a system text."""
    leads = [message for message in messages[:1] if message.get("role") in ("system", "developer")]
    rest = messages[len(leads) :]
    plain = all(isinstance(message.get("content"), str) for message in messages)
    if not plain or [message.get("role") for message in rest] != ["user", "assistant"]:
        return None
    if any(rest[1].get(key) for key in ("tool_calls", "function_call")):
        return None
    return Turn(rest[0]["content"], rest[1]["content"], leads[0]["content"] if leads else "")
