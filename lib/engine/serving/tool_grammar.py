"""The form of an answer that must call a tool, or may: a grammar in llguidance's Lark, in the model's own way.

Knows ways of calling and tokenizers; nothing about answers under way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lib.engine.serving.protocol import Request
from lib.engine.serving.tools import Way, way_of

FREE = r"TEXT: /(.|\n)*/"


def marks_of(tokenizer: Any, way: Way) -> dict[int, str]:
    """Return those of a way's marks that are special tokens: they have no text of their own."""
    special = {token.content: number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return {special[mark]: mark for mark in (way.opening, way.closing, way.between) if mark in special}


def way(tokenizer: Any, request: Request) -> Way | None:
    """Return how this model calls the request's tools."""
    return way_of(str(tokenizer.get_chat_template(tools=list(request.tools)))) if tokenizer.chat_template else None


def parameters_of(function: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a function's arguments; one without parameters takes none."""
    given = function.get("parameters")
    return {"type": "object", "properties": {}, "additionalProperties": False} if given is None else dict(given)


def tool_grammar(
    tokenizer: Any, request: Request, schema: dict[str, Any] | None, settings: dict[str, Any]
) -> str | None:
    """Return the form of an answer with tools; None where the model is free to write what it likes.

    `schema` is the form of the answer's text where it has one, `settings` go into the schema of the calls.
    """
    known = way(tokenizer, request)
    if known is None:
        return None
    rules = [_calls(tokenizer, known, request, settings)]
    if request.tool_choice != "auto":
        rules.append("start: calls")
    elif schema is not None:
        rules += ["start: calls | answer", f"answer: %json {json.dumps(schema)}"]
    elif not any(tool["function"].get("strict") for tool in request.tools):
        return None
    elif known.bare:
        rules += ["start: calls | PLAIN", r"PLAIN: /[^{\s](.|\n)*/"]
    else:
        opening = _mark(tokenizer, known, known.opening)
        trigger = f"trigger[lazy]: TEXT {opening}" if opening.startswith('"') else f"trigger: TEXT {opening}"
        more = "*" if request.parallel_tool_calls and known.closing else ""
        rules += ["start: TEXT | (trigger inside)" + (f"{more} TEXT" if more else ""), trigger, FREE]
    return "\n".join(rules)


def _calls(tokenizer: Any, known: Way, request: Request, settings: dict[str, Any]) -> str:
    """Return the rules `calls` (marks and all) and `inside` (what follows the opening mark)."""
    several = request.parallel_tool_calls
    opening, closing = (_mark(tokenizer, known, mark) for mark in (known.opening, known.closing))
    pairs = [(tool["function"]["name"], parameters_of(tool["function"])) for tool in request.tools]
    if known.between:
        between = _mark(tokenizer, known, known.between)
        each = " | ".join(
            f"{json.dumps(name)} {between} %json {json.dumps(schema | settings)}" for name, schema in pairs
        )
        return f"inside: {each}\ncall: {opening} inside\ncalls: call{'+' if several else ''}"
    objects = {"anyOf": [_object(known, name, schema) for name, schema in pairs]} | settings
    if known.closing:
        more = r'calls: call ("\n" call)*' if several else "calls: call"
        inside = f'inside: "\\n" object "\\n" {closing}\ncall: {opening} inside'
        return f"object: %json {json.dumps(objects)}\n{inside}\n{more}"
    if known.bare:
        return f"calls: %json {json.dumps(objects)}"
    listed = {"type": "array", "items": objects, "minItems": 1} | ({} if several else {"maxItems": 1}) | settings
    return f"inside: %json {json.dumps(listed)}\ncalls: {opening} inside"


def _object(known: Way, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"const": name}, known.arguments: schema},
        "required": ["name", known.arguments],
        "additionalProperties": False,
    }


def _mark(tokenizer: Any, known: Way, mark: str) -> str:
    """Write a mark in Lark: a special token by its number, anything else as text."""
    special = {text: number for number, text in marks_of(tokenizer, known).items()}
    return f"<[{special[mark]}]>" if mark in special else json.dumps(mark)
