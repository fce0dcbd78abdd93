"""Holding an answer to a form: at each step, the tokens with which the text can still become what was asked for.

llguidance does the work: it reads any fast tokenizer with byte tokens (the starter's too), knows most of JSON Schema,
and answers in microseconds. What it does not know is refused by name when the schema is `strict`, and left unchecked
when it is not, which is the best effort that OpenAI promises there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Refusal, Request
from lib.engine.serving.tool_grammar import parameters_of, tool_grammar
from lib.engine.serving.vocabulary import Vocabulary, vocabulary

SPACES = r"[\x20\x0A\x0D\x09]{1,20}"
"""White space between the parts of a JSON text, so much and no more: a model left free there may never end."""
CALL_SPACES = r"\x20"
"""The same in a call of a tool, which no model writes in several lines."""
LARGEST = 60_000
"""Characters in a form, all its schemas together. Thousands of optional properties take seconds to read, and everyone
who writes would wait for them."""


def guided(request: Request) -> bool:
    """Tell whether an answer is held to a form."""
    return request.response_format is not None or bool(request.tools)


class Constraint:
    """The form of one answer and how far it has come."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher = matcher
        self._size = size

    @property
    def complete(self) -> bool:
        """Tell whether nothing can follow any more."""
        return bool(self._matcher.is_stopped())

    def allow(self, scores: torch.Tensor) -> torch.Tensor:
        """Return scores in which tokens that cannot come next are impossible."""
        allowed = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), np.uint8), bitorder="little")
        self._check()
        barred = torch.ones_like(scores, dtype=torch.bool)
        count = min(self._size, len(scores))
        barred[:count] = torch.from_numpy(allowed[:count] == 0)
        return scores.masked_fill(barred, -torch.inf)

    def take(self, token: int) -> None:
        """Go on by a token that was allowed."""
        self._matcher.consume_token(token)
        self._check()

    def _check(self) -> None:
        if problem := self._matcher.get_error():
            raise Refusal(f"The form asked for is too complex to follow: {_plain(problem)}", code=INVALID_SCHEMA)


INVALID_SCHEMA = "invalid_json_schema"


def constraint(loaded: Loaded, request: Request) -> Constraint | None:
    """Return the form that the request asks for, None if the text is free; raise `Refusal` for one that cannot be."""
    grammar = _grammar(loaded, request) if guided(request) else None
    if grammar is None:
        return None
    if len(grammar) > LARGEST:
        raise Refusal(f"The form asked for is too large: {len(grammar)} characters.", code=INVALID_SCHEMA)
    words = vocabulary(loaded)
    if not words.writes_json:
        param = "response_format" if request.response_format else "tools"
        raise Refusal(
            "This model's vocabulary cannot write JSON, so its answers cannot be held to a form.",
            code="unsupported_parameter",
            param=param,
        )
    return Constraint(_matcher(words, grammar).deep_copy(), words.size)


@lru_cache(maxsize=16)
def _matcher(words: Vocabulary, grammar: str) -> LLMatcher:
    """Return a grammar ready to be followed: the answers to one request share what it costs to read it."""
    assert words.readable is not None  # noqa: S101 - what writes JSON has been read
    return LLMatcher(words.readable, grammar)


def _grammar(loaded: Loaded, request: Request) -> str | None:
    schema = _schema(request.response_format) if request.response_format else None
    if schema is not None and request.response_format:
        name = request.response_format.get("json_schema", {}).get("name", "json_object")
        _check_schema(schema, f"response_format '{name}'", "response_format", INVALID_SCHEMA)
    for number, tool in enumerate(request.tools):
        function = tool["function"]
        place = f"tools[{number}].function.parameters"
        parameters = parameters_of(function) | _settings(CALL_SPACES, strict=bool(function.get("strict")))
        _check_schema(parameters, f"function '{function['name']}'", place, "invalid_function_parameters")
    if request.tools:
        strict = all(tool["function"].get("strict") for tool in request.tools)
        return tool_grammar(loaded.tokenizer, request, schema, _settings(CALL_SPACES, strict=strict))
    return LLMatcher.grammar_from_json_schema(json.dumps(schema))


def _schema(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a response format; any object will do where none is given."""
    given = form.get("json_schema") or {}
    schema = given.get("schema")
    return {**({"type": "object"} if schema is None else schema), **_settings(SPACES, strict=bool(given.get("strict")))}


def _settings(spaces: str, *, strict: bool) -> dict[str, Any]:
    """Return llguidance's own settings, to be put into a schema in place of any that came with it."""
    return {"x-guidance": {"whitespace_pattern": spaces, "lenient": not strict}}


def _check_schema(schema: dict[str, Any], owner: str, param: str, code: str) -> None:
    text = json.dumps(schema)
    problem = f"more than {LARGEST} characters" if len(text) > LARGEST else ""
    problem = problem or LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(text))
    if problem:
        raise Refusal(f"Invalid schema for {owner}: {_plain(problem)}", code=code, param=param)


def _plain(problem: str) -> str:
    """Return the first line of llguidance's explanation, which goes on about its own state."""
    return problem.strip().split("\n")[0][:300]
