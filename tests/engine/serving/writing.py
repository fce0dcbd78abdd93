"""Answers written the plain way, the whole text read again for each token: what a test compares with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from lib.engine.serving.models import Loaded
from lib.engine.serving.prompt import encode
from lib.engine.serving.protocol import Request, Token
from lib.engine.serving.sampling import Choice, Sampler
from lib.engine.serving.script import Script
from lib.engine.serving.tools import Call


@dataclass
class Written:
    """An answer, and how it came to be."""

    text: str = ""
    finish_reason: str | None = None
    tokens: list[Token] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [choice.token for choice in self.choices]


def ask(**fields: Any) -> Request:
    return Request(**({"id": "r", "model": "m", "prompt": "唐朝 ->", "max_tokens": 30} | fields))


def scores(loaded: Loaded, ids: list[int]) -> torch.Tensor:
    """Return the model's scores after each token, (tokens, vocabulary)."""
    with torch.inference_mode():
        return loaded.model(input_ids=torch.tensor([ids])).logits[0].float()


def write(loaded: Loaded, request: Request, index: int = 0) -> Written:
    ids = encode(loaded, request)
    written = Written()
    sampler, script = Sampler(request, loaded, ids, index), Script(request, loaded)
    for number in range(1, (request.max_tokens or 200) + 1):
        choice = sampler.choose(scores(loaded, ids)[-1])
        tell(written, script, choice, last=number == request.max_tokens)
        ids = [*ids, choice.token]
        if written.finish_reason:
            break
    return written


def tell(written: Written, script: Script, choice: Choice, *, last: bool) -> None:
    piece = script.feed(choice, last=last)
    written.choices.append(choice)
    written.text += piece.text
    written.finish_reason = piece.finish_reason
    written.tokens += piece.tokens
    written.calls += piece.calls


def recite(loaded: Loaded, request: Request, ids: list[int]) -> Written:
    """Tell tokens as if the model had chosen them; the last leaves no room for more."""
    written, script = Written(), Script(request, loaded)
    for number, token in enumerate(ids, 1):
        tell(written, script, Choice(token, -0.5, []), last=number == len(ids))
        if written.finish_reason:
            break
    return written
