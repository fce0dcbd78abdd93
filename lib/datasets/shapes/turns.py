"""What makes messages a training example, and when they are a single question with its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.datasets.shapes.conversations import KNOWN_ROLES, Message
from lib.datasets.shapes.skips import Skip, skip


@dataclass(frozen=True)
class Turn:
    """One question with its answer."""

    prompt: str
    completion: str
    system: str = ""


def problem_of(messages: Sequence[Message]) -> Skip | None:
    """Say why messages can't be trained on; None when they can."""
    problem = problem_of_roles(messages)
    if problem:
        return problem
    last = messages[-1]
    if last["role"] != "assistant":
        return skip("not_answered")
    if not has_answer(last):
        return skip("empty_answer")
    if last.get("weight") != 0:
        return None
    answers = [message for message in messages if message["role"] == "assistant"]
    return skip("no_weight") if all(message.get("weight") == 0 for message in answers) else None


def problem_of_roles(messages: Sequence[Message]) -> Skip | None:
    """Say whether there are no messages, or some of a role that nobody knows."""
    if not messages:
        return skip("no_messages")
    for message in messages:
        role = message.get("role")
        if not isinstance(role, str) or role not in KNOWN_ROLES:
            return skip("unknown_role", role=str(role)[:50])
    return None


def has_answer(message: Message) -> bool:
    """Say whether a message of the assistant holds text, parts, a refusal or calls."""
    content: Any = message.get("content")
    spoken = bool(content) and (not isinstance(content, str) or not content.isspace())
    return spoken or any(message.get(key) for key in ("tool_calls", "function_call", "refusal"))


def leads(messages: Sequence[Message]) -> bool:
    """Say whether messages open with a system text of their own."""
    return bool(messages) and messages[0].get("role") in ("system", "developer")


def single_turn(messages: Sequence[Message]) -> Turn | None:
    """Return the question and answer if that is all the messages hold, besides a system text."""
    lead = messages[:1] if leads(messages) else []
    rest = messages[len(lead) :]
    plain = all(isinstance(message.get("content"), str) for message in messages)
    if not plain or [message.get("role") for message in rest] != ["user", "assistant"]:
        return None
    if any(rest[1].get(key) for key in ("tool_calls", "function_call")):
        return None
    return Turn(rest[0]["content"], rest[1]["content"], lead[0]["content"] if lead else "")
