"""What a client asks of a model: OpenAI's two bodies, their limits, and what this engine refuses.

Promises that a field which would change the answer is either honoured or refused by name, and that fields which
change nothing here are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from lib.engine.bodies import Body
from lib.engine.errors import invalid, unsupported

MOST_ANSWERS = 16
DEFAULT_COMPLETION_TOKENS = 16
"""OpenAI's own default for `/v1/completions`; a chat may fill the context."""

StopText = Annotated[str, StringConstraints(max_length=1000)]
NEUTRAL: dict[str, tuple[object, ...]] = {
    "audio": (),
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "prediction": (),
    "presence_penalty": (0,),
    "reasoning_effort": (),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "top_logprobs": (0,),
    "verbosity": (),
    "web_search_options": (),
}
"""Fields that this engine does not support yet, and the values with which they change nothing (null always is one)."""


class StreamOptions(Body):
    """How to stream."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class GenerateRequest(Body):
    """What both bodies share."""

    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=MOST_ANSWERS)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: Any = None
    presence_penalty: Any = None
    logit_bias: Any = None
    logprobs: Any = None
    metadata: Any = None
    prompt_cache_key: Any = None
    safety_identifier: Any = None
    service_tier: Any = None
    store: Any = None
    user: Any = None

    def check(self) -> None:
        """Refuse fields that this engine would have to ignore."""
        for name, neutral in NEUTRAL.items():
            value = getattr(self, name, None)
            if value is not None and value not in neutral:
                raise unsupported(name)
        if self.stream_options and not self.stream:
            raise invalid("'stream_options' needs 'stream': true.", "stream_options", "invalid_value")

    def sampling(self) -> dict[str, Any]:
        """Return what the worker needs to know about how to write."""
        stop = [self.stop] if isinstance(self.stop, str) else list(self.stop or [])
        return {
            "max_tokens": self.max_tokens,
            "temperature": 1.0 if self.temperature is None else self.temperature,
            "top_p": 1.0 if self.top_p is None else self.top_p,
            "seed": self.seed,
            "stop": [text for text in stop if text],
            "n": self.n or 1,
        }

    def asks(self) -> Sequence[dict[str, Any]]:
        """Return one request for the worker for each prompt, without the model."""
        raise NotImplementedError


class CompletionRequest(GenerateRequest):
    """The body of `POST /v1/completions`."""

    prompt: str | list[Any]
    best_of: Any = None
    echo: Any = None
    suffix: Any = None

    def check(self) -> None:
        super().check()
        if isinstance(self.prompt, list):
            if not self.prompt or not all(isinstance(part, str) for part in self.prompt):
                raise invalid("'prompt' must be a text or a list of texts; token ids are not taken.", "prompt")
            if len(self.prompt) * (self.n or 1) > MOST_ANSWERS:
                raise invalid(f"At most {MOST_ANSWERS} answers can be asked for at once.", "prompt")

    def asks(self) -> Sequence[dict[str, Any]]:
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        sampling = self.sampling() | {"max_tokens": self.max_tokens or DEFAULT_COMPLETION_TOKENS}
        return [{"prompt": prompt, **sampling} for prompt in prompts]


class TextPart(Body):
    """A piece of a message's content."""

    type: Literal["text"]
    text: str


class Message(Body):
    """A turn of a chat. What other clients add to one (a null `refusal`, a `name`) is let through unread."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    tool_calls: None = None
    function_call: None = None

    def plain(self) -> dict[str, str]:
        """Return the turn as chat templates know it."""
        parts = self.content
        text = parts if isinstance(parts, str) else "".join(part.text for part in parts)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class ChatRequest(GenerateRequest):
    """The body of `POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=2048)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    audio: Any = None
    functions: Any = None
    function_call: Any = None
    modalities: Any = None
    parallel_tool_calls: Any = None
    prediction: Any = None
    reasoning_effort: Any = None
    response_format: Any = None
    tool_choice: Any = None
    tools: Any = None
    top_logprobs: Any = None
    verbosity: Any = None
    web_search_options: Any = None

    def asks(self) -> Sequence[dict[str, Any]]:
        most = self.max_completion_tokens or self.max_tokens
        return [{"messages": [m.plain() for m in self.messages], **self.sampling(), "max_tokens": most}]
