"""What was asked and answered, per model, kept in the playground's draft so that a reload finds it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from lib import library
from lib.inference.answer import Answer
from lib.inference.prompting import Turn as Message
from lib.ui import drafts

KIND = "playground"
TALKS = "talks"


@dataclass
class Turn:
    """A question and what came back; `error` is a stored `TuneboardError`."""

    question: str
    text: str = ""
    tokens: int = 0
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    finish_reason: str | None = None
    interrupted: bool = False
    stopped: bool = False
    error: dict[str, Any] | None = None

    def take(self, answer: Answer) -> None:
        """Take over an answer as it is now."""
        self.text, self.tokens, self.finish_reason = answer.text, answer.tokens, answer.finish_reason
        self.first_token_s, self.tokens_per_s = answer.first_token_s, answer.tokens_per_s
        self.interrupted, self.stopped = answer.interrupted, answer.stopped
        self.error = answer.error.to_json() if answer.error else None

    @property
    def whole(self) -> bool:
        """Return whether the model ended the answer itself."""
        return self.finish_reason is not None and self.error is None


@dataclass
class Talk:
    """The turns with one model. Saving touches no other model's."""

    draft_id: str
    model: str
    turns: list[Turn]

    @classmethod
    def load(cls, draft_id: str, model: str) -> Talk:
        """Return the talk with a model as the draft holds it."""
        known = {field.name for field in fields(Turn)}
        stored = (library.draft(draft_id, KIND) or {}).get(TALKS, {}).get(model, [])
        return cls(draft_id, model, [Turn(**{k: v for k, v in turn.items() if k in known}) for turn in stored])

    def save(self) -> None:
        """Write the talk to the draft."""
        state = library.draft(self.draft_id, KIND) or {}
        talks = state.get(TALKS, {}) | {self.model: [asdict(turn) for turn in self.turns]}
        drafts.keep(KIND, self.draft_id, state | {TALKS: talks})

    def messages(self, question: str) -> list[Message]:
        """Return the turns a chat model is sent: whole answers only, then the question."""
        past = [(turn.question, turn.text) for turn in self.turns if turn.whole]
        sent = [Message(role=role, content=text) for pair in past for role, text in zip(ROLES, pair, strict=True)]
        return [*sent, Message(role="user", content=question)]


ROLES = ("user", "assistant")


def clear(draft_id: str, model: str) -> None:
    """Forget the talk with a model."""
    Talk(draft_id, model, []).save()
