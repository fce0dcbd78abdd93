"""What a client asks of a model: the fields that both of OpenAI's bodies share, and the body of a completion.

Promises that a field which would change the answer is either honoured or refused by name, and that fields which
change nothing here are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from lib.engine.bodies import Body
from lib.engine.errors import ApiError, invalid, unsupported
from lib.engine.limits import Limits

DEFAULT_COMPLETION_TOKENS = 16
"""OpenAI's own default for `/v1/completions`; a chat may fill the context."""

Ids = list[Annotated[int, Field(ge=0)]]
Penalty = Annotated[float, Field(ge=-2, le=2)]
StopText = Annotated[str, StringConstraints(max_length=1000)]
NEUTRAL: dict[str, tuple[object, ...]] = {
    "audio": (),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "modalities": (["text"],),
    "prediction": (),
    "reasoning_effort": ("none",),
    "suffix": ("",),
    "verbosity": ("medium",),
    "web_search_options": (),
}
"""Fields that this engine does not support, and the values with which they change nothing (null always is one)."""
INSTEAD = {
    "functions": "Describe them in 'tools'.",
    "function_call": "Use 'tool_choice'.",
    "suffix": "Its models write forwards only.",
}


class StreamOptions(Body):
    """How to stream."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class GenerateRequest(Body):
    """What both bodies share."""

    model: str
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: Annotated[dict[str, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=1024)] | None = None
    metadata: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    safety_identifier: Any = None
    service_tier: Any = None
    store: Any = None
    user: Any = None

    @property
    def answers(self) -> int:
        """Return how many answers come back for each prompt."""
        return self.n or 1

    @property
    def written(self) -> int:
        """Return how many answers the worker writes for each prompt."""
        return self.answers

    def check(self, limits: Limits) -> None:
        """Refuse what this engine would have to ignore, and more than it gives."""
        for name, neutral in NEUTRAL.items():
            value = getattr(self, name, None)
            if value is not None and value not in neutral:
                raise unsupported(name, INSTEAD.get(name, ""))
        if self.stream_options and not self.stream:
            raise invalid("'stream_options' needs 'stream': true.", "stream_options", "invalid_value")
        if self.written > limits.answers:
            raise _too_many(limits)
        if (self.max_tokens or 0) > limits.max_tokens:
            raise too_long("max_tokens", self.max_tokens or 0, limits)
        for token in self.logit_bias or {}:
            if not (token.isascii() and token.isdigit() and len(token) < 10):
                raise invalid(f"Invalid key in 'logit_bias': {token!r:.40} is no token id.", "logit_bias")

    def sampling(self) -> dict[str, Any]:
        """Return what the worker needs to know about how to write, less what is as it always is."""
        stop = [self.stop] if isinstance(self.stop, str) else list(self.stop or [])
        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": [text for text in stop if text],
            "frequency_penalty": self.frequency_penalty,
            "presence_penalty": self.presence_penalty,
            "logit_bias": {int(token): bias for token, bias in (self.logit_bias or {}).items()},
        }
        return {"n": self.written} | {name: value for name, value in given.items() if value not in (None, [], {})}

    def asks(self, limits: Limits) -> Sequence[dict[str, Any]]:
        """Return one request for the worker for each prompt, without the model."""
        raise NotImplementedError


class CompletionRequest(GenerateRequest):
    """The body of `POST /v1/completions`."""

    prompt: str | list[str] | Ids | list[Ids] | None = None
    best_of: Annotated[int, Field(ge=1)] | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: Any = None

    @property
    def written(self) -> int:
        return max(self.answers, self.best_of or 1)

    def check(self, limits: Limits) -> None:
        super().check(limits)
        prompts = self.prompts()
        if not prompts or not all(isinstance(prompt, str) or prompt for prompt in prompts):
            raise invalid("'prompt' must not be empty.", "prompt", "invalid_value")
        if len(prompts) * self.written > limits.answers:
            raise _too_many(limits, "prompt")
        if self.best_of is not None and self.best_of < self.answers:
            raise invalid("'best_of' must be at least 'n'.", "best_of", "invalid_value")
        if self.stream and self.written > self.answers:
            raise invalid("Results cannot be streamed when 'best_of' is greater than 'n'.", "best_of", "invalid_value")

    def prompts(self) -> Sequence[str | list[int]]:
        """Return the prompts one by one; without any the model writes from the beginning of a text."""
        if self.prompt is None or isinstance(self.prompt, str):
            return [self.prompt or ""]
        whole = [part for part in self.prompt if isinstance(part, int)]
        return [whole] if whole else [part for part in self.prompt if not isinstance(part, int)]

    def asks(self, limits: Limits) -> Sequence[dict[str, Any]]:
        most = DEFAULT_COMPLETION_TOKENS if self.max_tokens is None else self.max_tokens
        common = self.sampling() | {"max_tokens": most}
        if self.logprobs is not None or self.written > self.answers:
            common["logprobs"] = self.logprobs or 0
        if self.echo:
            common["echo"] = True
        return [{"prompt" if isinstance(p, str) else "prompt_ids": p, **common} for p in self.prompts()]


def too_long(param: str, asked: int, limits: Limits) -> ApiError:
    """Refuse an answer longer than this engine writes."""
    message = f"{param} is too large: {asked}. This engine writes at most {limits.max_tokens} tokens in one answer."
    return invalid(message, param, "invalid_value")


def _too_many(limits: Limits, param: str = "n") -> ApiError:
    return invalid(f"At most {limits.answers} answers can be asked for at once.", param, "invalid_value")
