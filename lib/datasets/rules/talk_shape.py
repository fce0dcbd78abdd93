"""What is wrong with the messages of one conversation: pure functions, without words.

Codes are those of `lib.datasets.rules.talk`. The order of roles and the keys of messages are judged once for each
pattern and remembered: a file of a hundred thousand conversations has a handful of patterns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

Message: TypeAlias = "Mapping[str, Any]"
Pattern: TypeAlias = "tuple[tuple[Any, ...], ...]"
"""Of each message its role (a text, or whatever a broken file has there), then its keys."""

ROLES = frozenset(["system", "developer", "user", "assistant", "tool", "function"])
LEADS = frozenset(["system", "developer"])
MAY_REPEAT = frozenset(["tool", "function"])
"""An assistant may call several tools at once, and each answers in a message of its own."""
KEYS = frozenset(
    ["role", "content", "name", "weight", "tool_calls", "function_call", "tool_call_id", "refusal", "audio"]
)
"""Keys of messages in OpenAI's API description."""
CALLS = ("tool_calls", "function_call")
SPOKEN = ("refusal", "audio", *CALLS)
"""What a message of the assistant may hold in place of a text."""
REMEMBERED = 16
"""Longer conversations are judged each by itself."""

LOOK_CLOSER = "look closer"
"""A pattern whose values matter too: weights and calls."""


def problems_of(messages: Sequence[Message], *, answered: bool = True) -> list[str]:
    """Return the codes of all that is wrong with a conversation.

    Args:
        messages: the conversation.
        answered: it must end with an answer; reinforcement rows end with the question.
    """
    pattern = tuple([(message.get("role"), *message) for message in messages])
    try:
        codes = judged(pattern, answered) if len(messages) <= REMEMBERED else judge(pattern, answered)
    except TypeError:  # a role that is a list or an object
        codes = ("unknown_role",)
    for message in messages:
        content = message.get("content")
        if not content or (type(content) is str and content.isspace()):
            return look_closer(messages, codes, answered)
    return look_closer(messages, codes, answered) if codes else []


def look_closer(messages: Sequence[Message], codes: Sequence[str], answered: bool) -> list[str]:
    """Return the codes of a pattern, and of what is wrong with the values of messages."""
    found = [code for code in codes if code != LOOK_CLOSER]
    if len(found) < len(codes):
        found += weights(messages, answered) + calls(messages)
    for message in messages:
        if says_nothing(message):
            last = answered and message is messages[-1] and message.get("role") == "assistant"
            code = "empty_answer" if last else "empty_message"
            if code not in found:
                found.append(code)
    return found


def judge(pattern: Pattern, answered: bool) -> tuple[str, ...]:
    """Return the codes of what the roles and keys alone show to be wrong."""
    roles = [entry[0] for entry in pattern]
    codes = []
    if not roles:
        return ("no_messages",)
    if not ROLES.issuperset(roles):
        codes.append("unknown_role")
    if answered and "assistant" not in roles:
        codes.append("no_assistant_message")
    elif answered and roles[-1] != "assistant":
        codes.append("not_answered")
    if any(a == b and a not in MAY_REPEAT for a, b in pairwise(roles)):
        codes.append("same_role_twice")
    if any(b in LEADS and a not in LEADS for a, b in pairwise(roles)):
        codes.append("system_not_first")
    keys = {key for entry in pattern for key in entry[1:]}
    if keys - KEYS:
        codes.append("unknown_message_keys")
    if "weight" in keys or keys.intersection(CALLS) or MAY_REPEAT.intersection(roles):
        codes.append(LOOK_CLOSER)
    return tuple(codes)


judged = lru_cache(maxsize=512)(judge)


@lru_cache(maxsize=512)
def in_order(roles: tuple[str, ...], answered: bool) -> bool:
    """Say whether nothing is wrong with messages of these roles, each of which holds a text and nothing else."""
    return not judge(tuple((role, "role", "content") for role in roles), answered)


def weights(messages: Sequence[Message], answered: bool) -> list[str]:
    """Return what is wrong with weights: OpenAI knows 0 and 1, for messages of the assistant."""
    codes = []
    if any(is_bad_weight(message) for message in messages):
        codes.append("bad_weight")
    answers = [message for message in messages if message.get("role") == "assistant"]
    if answered and answers and all(message.get("weight") == 0 for message in answers):
        codes.append("no_weight")
    return codes


def is_bad_weight(message: Message) -> bool:
    """Say whether a message has a weight that services refuse; null counts as none."""
    weight = message.get("weight")
    if weight is None:
        return False
    return message.get("role") != "assistant" or isinstance(weight, bool) or weight not in (0, 1)


def calls(messages: Sequence[Message]) -> list[str]:
    """Return what is wrong with calls: each is answered before the talk goes on, and each answer was called for."""
    codes: dict[str, None] = {}
    open_ids: set[str] = set()
    function_open = False
    for message in messages:
        role = message.get("role")
        if role == "tool":
            if message.get("tool_call_id") not in open_ids:
                codes["tool_without_call"] = None
            open_ids.discard(str(message.get("tool_call_id")))
        elif role == "function":
            if not function_open:
                codes["tool_without_call"] = None
            function_open = False
        else:
            if open_ids or function_open:
                codes["call_without_answer"] = None
            open_ids = ids_of(message.get("tool_calls"))
            function_open = bool(message.get("function_call"))
    return list(codes)


def ids_of(made: Any) -> set[str]:
    """Return the ids of the calls that a message makes."""
    return {str(call.get("id")) for call in made if isinstance(call, Mapping)} if isinstance(made, list) else set()


def says_nothing(message: Message) -> bool:
    """Say whether a message has no text, and nothing in its place. A tool may well answer nothing."""
    content = message.get("content")
    if (content and not (isinstance(content, str) and content.isspace())) or message.get("role") in MAY_REPEAT:
        return False
    return not any(message.get(key) for key in SPOKEN)
