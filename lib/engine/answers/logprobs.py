"""Log-probabilities in OpenAI's two shapes, from the tokens that the worker tells.

A token is told as bytes, because it need not be whole characters. One that is not is written `bytes:\\xe4\\xbd` in
completions and `\\xe4\\xbd` in chats, as OpenAI does: replacement characters would make different tokens look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

LEAST = -9999.0
"""What OpenAI sends for a token that is next to impossible: JSON has no infinity."""


class Alternative(TypedDict):
    """A token that might have been chosen."""

    bytes: list[int]
    logprob: float


class Told(TypedDict):
    """A token of an answer. The first of a prompt has no probability: nothing came before it."""

    bytes: list[int]
    logprob: float | None
    top: list[Alternative]
    offset: int
    """Where its text begins, in characters from the beginning of what is shown."""


def completion_logprobs(tokens: Sequence[Told], asked: int) -> dict[str, Any]:
    """Return the four lists of a text completion; `asked` is how many alternatives each position has at least."""
    return {
        "tokens": [_name(token["bytes"], "bytes:") for token in tokens],
        "token_logprobs": [_told(token["logprob"]) for token in tokens],
        "top_logprobs": [_alternatives(token) for token in tokens] if asked else None,
        "text_offset": [token["offset"] for token in tokens],
    }


def chat_logprobs(tokens: Sequence[Told]) -> dict[str, Any]:
    """Return the `logprobs` of a chat's choice."""
    content = [_entry(token["bytes"], token["logprob"]) | {"top_logprobs": _top(token)} for token in tokens]
    return {"content": content, "refusal": None}


def _top(token: Told) -> list[dict[str, Any]]:
    return [_entry(other["bytes"], other["logprob"]) for other in token["top"]]


def _entry(raw: list[int], logprob: float | None) -> dict[str, Any]:
    return {"token": _name(raw, ""), "bytes": raw, "logprob": _told(logprob)}


def _alternatives(token: Told) -> dict[str, float] | None:
    """Return the likeliest tokens and the chosen one, likeliest first; of two that read alike, the likelier."""
    if token["logprob"] is None:
        return None
    pairs = [(other["bytes"], other["logprob"]) for other in token["top"]]
    names: dict[str, float] = {}
    for raw, logprob in [*pairs, (token["bytes"], token["logprob"])]:
        names.setdefault(_name(raw, "bytes:"), max(logprob, LEAST))
    return names


def _told(logprob: float | None) -> float | None:
    return None if logprob is None else max(logprob, LEAST)


def _name(raw: list[int], prefix: str) -> str:
    try:
        return bytes(raw).decode()
    except UnicodeDecodeError:
        return prefix + "".join(f"\\x{byte:02x}" for byte in raw)
