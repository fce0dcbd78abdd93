"""The body of a chat completion: its messages, its limits, the form of its answer.

Promises what `generate_request` does, and that a tool message always answers a call that was made. Says nothing of
what a model's template can say: the worker knows the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from lib.engine.answers.generate_request import GenerateRequest, too_long
from lib.engine.answers.tool_request import NAME, Tool, ToolCall, ToolChoice, check_tools, tools_for_worker
from lib.engine.bodies import Body
from lib.engine.errors import invalid
from lib.engine.limits import Limits


class Part(Body):
    """A piece of a message's content. Cache hints that other clients add are let through unread."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    type: str
    text: str | None = None
    refusal: str | None = None

    def check(self, place: str) -> None:
        """Refuse what is no text."""
        if self.type not in ("text", "refusal"):
            raise invalid(f"Invalid content type: this engine's models read text, not '{self.type}'.", f"{place}.type")
        if self.plain() is None:
            raise invalid(f"Missing required parameter: '{place}.{self.type}'.", f"{place}.{self.type}")

    def plain(self) -> str | None:
        """Return the text."""
        return self.text if self.type == "text" else self.refusal


class Message(Body):
    """A turn of a chat. What other clients add to one (a null `refusal`, a `name`) is let through unread."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: None = None

    def check(self, place: str) -> None:
        """Refuse a turn without what its role needs."""
        if isinstance(self.content, list):
            for index, part in enumerate(self.content):
                part.check(f"{place}.content.{index}")
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise invalid(f"Invalid value for '{place}.content': expected a string, got null.", f"{place}.content")
        if self.tool_calls and self.role != "assistant":
            raise invalid(f"Only an assistant's message can have 'tool_calls', not '{place}'.", f"{place}.tool_calls")
        if self.role == "tool" and self.tool_call_id is None:
            raise invalid(f"Missing required parameter: '{place}.tool_call_id'.", f"{place}.tool_call_id")

    def plain(self) -> dict[str, Any]:
        """Return the turn as chat templates know it."""
        parts = self.content or ""
        text = parts if isinstance(parts, str) else "".join(part.plain() or "" for part in parts)
        turn: dict[str, Any] = {"role": "system" if self.role == "developer" else self.role, "content": text}
        if self.tool_calls:
            turn["tool_calls"] = [call.plain() for call in self.tool_calls]
        if self.tool_call_id is not None:
            turn["tool_call_id"] = self.tool_call_id
        return turn


class JsonSchema(Body):
    """The form that an answer must have."""

    name: Annotated[str, Field(pattern=NAME)]
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(Body):
    """What kind of text an answer is."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatRequest(GenerateRequest):
    """The body of `POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=2048)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    audio: Any = None
    functions: Any = None
    function_call: Any = None
    modalities: Any = None
    prediction: Any = None
    reasoning_effort: Any = None
    verbosity: Any = None
    web_search_options: Any = None

    def check(self, limits: Limits) -> None:
        super().check(limits)
        for index, message in enumerate(self.messages):
            message.check(f"messages.{index}")
        _check_calls(self.messages)
        check_tools(self.tools or [], self.tool_choice)
        if self.max_tokens and self.max_completion_tokens not in (None, self.max_tokens):
            message_ = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
            raise invalid(message_, "max_tokens", "invalid_parameter_combination")
        if (self.max_completion_tokens or 0) > limits.max_tokens:
            raise too_long("max_completion_tokens", self.max_completion_tokens or 0, limits)
        if self.top_logprobs and not self.logprobs:
            message_ = "'top_logprobs' is only allowed when 'logprobs' is enabled."
            raise invalid(message_, "top_logprobs", "invalid_value")
        form = self.response_format
        if form and (form.type == "json_schema") != (form.json_schema is not None):
            problem = "Missing required" if form.json_schema is None else "Unexpected"
            where = "response_format.json_schema"
            raise invalid(f"{problem} parameter: '{where}'.", where, "invalid_value")

    def asks(self, limits: Limits) -> Sequence[dict[str, Any]]:
        most = self.max_completion_tokens or self.max_tokens or limits.max_tokens
        ask = {"messages": [m.plain() for m in self.messages], **self.sampling(), "max_tokens": most}
        if self.logprobs:
            ask["logprobs"] = self.top_logprobs or 0
        if self.response_format and self.response_format.type != "text":
            ask["response_format"] = self.response_format.model_dump(by_alias=True, exclude_none=True)
        if tools := tools_for_worker(self.tools or [], self.tool_choice):
            ask |= tools | {"parallel_tool_calls": self.parallel_tool_calls is not False}
        return [ask]


def _check_calls(messages: Sequence[Message]) -> None:
    """Hold the history to OpenAI's rule: each call of a tool is answered, in the messages that follow it at once."""
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        place = f"messages.{index}"
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                text = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise invalid(text, f"{place}.role")
            open_calls.discard(message.tool_call_id)
        elif open_calls:
            break
        else:
            open_calls = {call.id for call in message.tool_calls or []}
    if open_calls:
        text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        raise invalid(f"{text}'tool_call_id'. Without a response: {', '.join(sorted(open_calls))[:200]}", "messages")
