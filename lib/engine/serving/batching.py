"""Answers written together: one forward pass of the model brings every one of them a token.

A prompt is read alone, in stretches, so that those who already write are not held up; its answers then join the rows
of their model's group, and leave it when they end. Greedy answers equal `transformers.generate`'s token for token,
alone and among others; a test compares them on several architectures. Each answer draws from a generator of its own:
same seed, same text. (What others write changes rounding in the last bit, which is hardly ever seen in 32 bits; in 16
it is, so there an answer with a seed is written alone.)

`transformers`' own continuous batching was tried on two CPU cores (5.23, once): it refuses `starter` ("Invalid layer
type: conv"), and a Llama of that size writes 72 tokens a second in 16 rows, where one answer after the other
writes 1,009. Hence this one; `python -m tests.bench serving` has its figures.

Knows models and tokens; nothing about the wire.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import DynamicCache

from lib.engine.serving.cache import BatchCache
from lib.engine.serving.decode import Answer
from lib.engine.serving.models import Loaded
from lib.engine.serving.sampling import Choice
from lib.engine.serving.script import Piece

STRETCH = 512
"""Tokens of a prompt that are read at once: longest time that others wait for a newcomer."""

Written = tuple[Answer, Piece]


class Prompt:
    """A prompt that is being read."""

    def __init__(self, loaded: Loaded, ids: list[int], *, every: bool = False) -> None:
        self.cache: Any = DynamicCache(config=loaded.model.config)
        self.length = len(ids)
        self.logits: list[torch.Tensor] = []
        """(tokens, vocabulary), in stretches."""
        self._loaded = loaded
        self._rest = torch.tensor([ids], device=loaded.model.device)
        self._every = every

    @property
    def is_read(self) -> bool:
        """Tell whether its answers can begin."""
        return self._rest.shape[1] == 0

    @torch.inference_mode()
    def read(self) -> None:
        """Read the next stretch; `logits` then holds the scores after every token if so asked, else after the last."""
        with self._loaded.ready():
            output = self._loaded.model(
                input_ids=self._rest[:, :STRETCH],
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=0 if self._every else 1,
            )
        self.cache = output.past_key_values
        self._rest = self._rest[:, STRETCH:]
        self.logits = [*self.logits, output.logits[0]] if self._every else [output.logits[0]]


class Group(Protocol):
    """The answers that one model is writing."""

    @property
    def answers(self) -> list[Answer]:
        """Return the answers under way."""

    def join(self, answer: Answer, prompt: Prompt, token: int) -> None:
        """Take in an answer whose first token has been chosen."""

    def leave(self, answer: Answer) -> None:
        """Let an answer go."""

    def step(self) -> list[Written]:
        """Write one more token of every answer; those that ended have left."""


def begin(answer: Answer, prompt: Prompt) -> tuple[Piece, int]:
    """Choose an answer's first token; return what it brought, and the token."""
    choice = answer.sampler.choose(prompt.logits[-1][-1].float())
    return answer.take(choice), choice.token


class Rows:
    """A group whose model writes all answers in one pass."""

    def __init__(self, loaded: Loaded) -> None:
        self._answers: list[Answer] = []
        self._loaded = loaded
        self._tokens: list[int] = []
        self._cache: BatchCache | None = None

    @property
    def answers(self) -> list[Answer]:
        """Return the answers under way."""
        return self._answers

    @torch.inference_mode()
    def join(self, answer: Answer, prompt: Prompt, token: int) -> None:
        """Take in an answer whose first token has been chosen."""
        if self._cache is None:
            model = self._loaded.model
            self._cache = BatchCache(prompt.cache, model.dtype, model.device)
        self._cache.join(prompt.cache, prompt.length)
        self._answers.append(answer)
        self._tokens.append(token)

    @torch.inference_mode()
    def leave(self, answer: Answer) -> None:
        """Let an answer go; the last takes its row."""
        row = self._answers.index(answer)
        self._answers[row], self._tokens[row] = self._answers[-1], self._tokens[-1]
        del self._answers[-1], self._tokens[-1]
        if self._answers and self._cache:
            self._cache.leave(row)
        else:
            self._cache = None  # an idle group holds no memory

    @torch.inference_mode()
    def step(self) -> list[Written]:
        """Write one more token of every answer; those that ended have left."""
        cache = self._cache
        if cache is None:
            return []
        with self._loaded.ready():
            output = self._loaded.model(
                input_ids=torch.tensor(self._tokens, device=self._loaded.model.device)[:, None],
                attention_mask=cache.table.mask(),
                position_ids=cache.table.positions(),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        cache.advance()
        choices = list(choose(self._answers, output.logits[:, -1].float()))
        self._tokens = [choice.token for choice in choices]
        written = [(answer, answer.take(choice)) for answer, choice in zip(self._answers, choices, strict=True)]
        for answer, piece in written:
            if piece.finish_reason:
                self.leave(answer)
        return written


def choose(answers: list[Answer], logits: torch.Tensor) -> Iterator[Choice]:
    """Choose the next token of each answer from (answers, vocabulary); the likeliest are found for all at once."""
    likeliest = logits.argmax(-1).tolist()
    for answer, token, scores in zip(answers, likeliest, logits, strict=True):
        yield Choice(token) if answer.sampler.plain else answer.sampler.choose(scores)


@dataclass
class Turn:
    """An answer written alone: what its model remembers of it, and its last token."""

    answer: Answer
    cache: Any
    token: int


class Turns:
    """A group whose answers take turns, each in a pass of its own: for models whose memories cannot be joined."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._turns: list[Turn] = []

    @property
    def answers(self) -> list[Answer]:
        """Return the answers under way."""
        return [turn.answer for turn in self._turns]

    def join(self, answer: Answer, prompt: Prompt, token: int) -> None:
        """Take in an answer whose first token has been chosen."""
        self._turns.append(Turn(answer, copy.deepcopy(prompt.cache), token))

    def leave(self, answer: Answer) -> None:
        """Let an answer go."""
        self._turns = [turn for turn in self._turns if turn.answer is not answer]

    def step(self) -> list[Written]:
        """Write one more token of every answer; those that ended have left."""
        written = [self._write(turn) for turn in self._turns]
        self._turns = [
            turn for turn, (_, piece) in zip(self._turns, written, strict=True) if piece.finish_reason is None
        ]
        return written

    @torch.inference_mode()
    def _write(self, turn: Turn) -> Written:
        with self._loaded.ready():
            output = self._loaded.model(
                input_ids=torch.tensor([[turn.token]], device=self._loaded.model.device),
                past_key_values=turn.cache,
                use_cache=True,
                logits_to_keep=1,
            )
        turn.cache = output.past_key_values
        choice = turn.answer.sampler.choose(output.logits[0, -1].float())
        turn.token = choice.token
        return turn.answer, turn.answer.take(choice)


def make_group(loaded: Loaded, *, together: bool) -> Group:
    """Return an empty group for a model."""
    return Rows(loaded) if together else Turns(loaded)
