"""Answers written in this process, together or alone, without the worker's lines around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from lib.engine.serving.batching import Group, Prompt, begin, make_group
from lib.engine.serving.decode import Answer
from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Request
from lib.engine.serving.sampling import Choice

PROMPT = [260, 262, 264]


def ask(**fields: Any) -> Request:
    return Request(**({"id": "r", "model": "m", "max_tokens": 30} | fields))


@dataclass
class Text:
    """What came of an answer."""

    text: str = ""
    reason: str | None = None
    tokens: list[int] = field(default_factory=list)


class Noted(Answer):
    """An answer whose tokens are noted."""

    def __init__(self, *details: Any) -> None:
        super().__init__(*details)
        self.noted = Text()

    def take(self, choice: Choice) -> Any:
        self.noted.tokens.append(choice.token)
        piece = super().take(choice)
        self.noted.text += piece.text
        self.noted.reason = piece.finish_reason
        return piece


class Desk:
    """Answers of one model that are written in a group."""

    def __init__(self, loaded: Loaded, *, together: bool = True) -> None:
        self.loaded = loaded
        self.group: Group = make_group(loaded, together=together)

    def add(self, request: Request, ids: list[int] = PROMPT) -> Text:
        prompt, answer = Prompt(self.loaded, ids), Noted(self.loaded, ids, request, 0)
        while not prompt.is_read:
            prompt.read()
        piece, token = begin(answer, prompt)
        if piece.finish_reason is None:
            self.group.join(answer, prompt, token)
        return answer.noted

    def finish(self) -> None:
        while self.group.answers:
            self.group.step()


def write(loaded: Loaded, request: Request, ids: list[int] = PROMPT) -> Text:
    desk = Desk(loaded)
    text = desk.add(request, ids)
    desk.finish()
    return text


@torch.inference_mode()
def generated(loaded: Loaded, ids: list[int], tokens: int) -> list[int]:
    """Return what `transformers.generate` writes when nothing ends it early."""
    prompt = torch.tensor([ids])
    loaded.model.generation_config.eos_token_id = None
    greedy = {"do_sample": False, "max_new_tokens": tokens, "pad_token_id": 0}
    return loaded.model.generate(prompt, attention_mask=torch.ones_like(prompt), **greedy)[0, len(ids) :].tolist()
