"""Tools in a request: what may be called, whether it must be, and the calls of earlier turns.

Knows OpenAI's objects; nothing about how a model says that it calls a tool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from lib.engine.bodies import Body
from lib.engine.errors import invalid, unsupported

NAME = "^[a-zA-Z0-9_-]{1,64}$"


class Function(Body):
    """A function that a model may call."""

    name: Annotated[str, Field(pattern=NAME)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Body):
    """A tool; OpenAI's `custom` tools take free text and are not offered."""

    type: str
    function: Function | None = None
    custom: Any = None


class Called(Body):
    """What was called, with its arguments as the model wrote them."""

    name: str
    arguments: str


class ToolCall(Body):
    """A call in the history."""

    id: str
    type: Literal["function"]
    function: Called

    def plain(self) -> dict[str, Any]:
        """Return the call as chat templates know it: arguments are an object wherever they can be read as one."""
        try:
            arguments = json.loads(self.function.arguments)
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            arguments = self.function.arguments
        return {"id": self.id, "type": "function", "function": {"name": self.function.name, "arguments": arguments}}


class Named(Body):
    """A function by its name."""

    name: str


class NamedTool(Body):
    """A tool by its name."""

    type: str
    function: Named | None = None
    custom: Any = None


class AllowedTools(Body):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class Choice(Body):
    """A choice that is more than a word: one function, or some of them."""

    type: str
    function: Named | None = None
    allowed_tools: AllowedTools | None = None
    custom: Any = None


ToolChoice = Literal["none", "auto", "required"] | Choice


def check_tools(tools: Sequence[Tool], choice: ToolChoice | None) -> None:
    """Refuse kinds of tools that are not offered, and a choice of what is not there."""
    for index, tool in enumerate(tools):
        if tool.type != "function":
            raise unsupported(f"tools.{index}.type", "Its tools are functions.")
        if tool.function is None:
            raise invalid(f"Missing required parameter: 'tools[{index}].function'.", f"tools[{index}].function")
    names = [tool.function.name for tool in tools if tool.function]
    if len(set(names)) < len(names):
        raise invalid("Two functions in 'tools' have the same name.", "tools", "invalid_value")
    if choice in (None, "none", "auto"):
        return
    if not tools:
        raise invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if isinstance(choice, Choice):
        for name in _named(choice):
            if name not in names:
                raise invalid(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice", "invalid_value")


def tools_for_worker(tools: Sequence[Tool], choice: ToolChoice | None) -> dict[str, Any]:
    """Return the tools that may be called and the choice among them; nothing where none may be."""
    if choice == "none" or not tools:
        return {}
    offered = list(tools)
    mode: Any = choice or "auto"
    if isinstance(choice, Choice):
        names = _named(choice)
        offered = [tool for tool in tools if tool.function and tool.function.name in names]
        mode = choice.allowed_tools.mode if choice.allowed_tools else "named"
    return {"tools": [tool.model_dump(exclude_none=True) for tool in offered], "tool_choice": mode}


def _named(choice: Choice) -> list[str]:
    """Return the names a choice holds; refuse one that holds none."""
    if choice.type == "function" and choice.function:
        return [choice.function.name]
    if choice.type == "allowed_tools" and choice.allowed_tools:
        names = [tool.function.name for tool in choice.allowed_tools.tools if tool.function]
        if names and len(names) == len(choice.allowed_tools.tools):
            return names
    raise invalid("'tool_choice' must name a function, or functions that are allowed.", "tool_choice", "invalid_value")
