"""Fixes of conversations. Each changes only what it is sure of, and nothing the second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.datasets.rules.talk_shape import CALLS, LEADS, MAY_REPEAT, is_bad_weight, problems_of, says_nothing

Record = dict[str, Any]
Settings = Mapping[str, Any]

DROP_TRAILING = "drop_trailing"
"""The one fix that conversion runs as well, because rows that end without an answer give no example otherwise."""


def without_trailing(record: Record, _settings: Settings) -> Record:
    """Drop what follows the last answer. A call of a tool is no answer: its result would be lost."""
    messages = record.get("messages") or []
    kept = len(messages)
    while kept and messages[kept - 1].get("role") != "assistant":
        kept -= 1
    if not 0 < kept < len(messages) or any(messages[kept - 1].get(key) for key in CALLS):
        return record
    return {**record, "messages": messages[:kept]}


def without_problem(record: Record, settings: Settings) -> Record | None:
    """Drop a conversation that has the problem named in the settings."""
    messages = record.get("messages")
    if messages is None or settings["problem"] not in problems_of(messages):
        return record
    return None


def joined(record: Record, settings: Settings) -> Record:
    """Join neighbours of one role that differ in nothing but their text."""
    messages = record.get("messages") or []
    kept: list[dict[str, Any]] = []
    for message in messages:
        before = kept[-1] if kept else {}
        if kept and can_join(before, message):
            kept[-1] = {**before, "content": before["content"] + settings["joiner"] + message["content"]}
        else:
            kept.append(message)
    return record if len(kept) == len(messages) else {**record, "messages": kept}


def can_join(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Say whether two messages may become one: texts of one role, all other keys equal, no calls."""
    plain = isinstance(first.get("content"), str) and isinstance(second.get("content"), str)
    same = first.keys() == second.keys() and all(first[key] == second[key] for key in first if key != "content")
    return plain and same and first.get("role") not in MAY_REPEAT and not any(first.get(key) for key in CALLS)


def system_first(record: Record, _settings: Settings) -> Record:
    """Move the one system message of a conversation to its front, if nothing was answered before it."""
    messages = record.get("messages") or []
    places = [at for at, message in enumerate(messages) if message.get("role") in LEADS]
    if len(places) != 1 or places[0] == 0:
        return record
    at = places[0]
    if any(message.get("role") != "user" for message in messages[:at]):
        return record
    return {**record, "messages": [messages[at], *messages[:at], *messages[at + 1 :]]}


def without_empty_system(record: Record, _settings: Settings) -> Record:
    """Drop system messages that say nothing; an empty question or answer is not ours to explain away."""
    messages = record.get("messages") or []
    kept = [message for message in messages if not (message.get("role") in LEADS and says_nothing(message))]
    return record if len(kept) == len(messages) else {**record, "messages": kept}


def without_message_keys(record: Record, settings: Settings) -> Record:
    """Take keys out of messages."""
    messages, dropped = record.get("messages") or [], set(settings["keys"])
    if all(dropped.isdisjoint(message) for message in messages):
        return record
    kept = [{key: value for key, value in message.items() if key not in dropped} for message in messages]
    return {**record, "messages": kept}


def without_stray_weights(record: Record, _settings: Settings) -> Record:
    """Take weights off messages that are never learnt; a strange weight of an answer is left for a person."""
    messages = record.get("messages") or []
    stray = [message.get("role") != "assistant" and is_bad_weight(message) for message in messages]
    if not any(stray):
        return record
    kept = [
        {key: value for key, value in message.items() if key != "weight"} if is_stray else message
        for message, is_stray in zip(messages, stray, strict=True)
    ]
    return {**record, "messages": kept}
