"""Reading JSON bodies: every malformed one is refused with a sentence, never with a traceback.

Promises a value of the pydantic model asked for, whose strings can be stored and sent again (no lone surrogates,
no NaN), or an `ApiError` that names the field.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from lib.datasets import jsonl
from lib.engine.errors import ApiError, invalid

M = TypeVar("M", bound=BaseModel)
_TYPES = frozenset({"bool", "dict", "float", "int", "list", "str"})
UNREADABLE = "We could not parse the JSON body of your request."


class Body(BaseModel):
    """A request body: types are taken as they are, and a field that nobody reads is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


async def read_body(request: Request, kind: type[M]) -> M:
    """Read the request's JSON as a `kind`."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        message = f"Unsupported content type: '{media}'. This method takes 'application/json'."
        raise ApiError(415, message, code="unsupported_content_type")
    return take(_decode(await request.body()), kind)


def take(value: dict[str, Any], kind: type[M]) -> M:
    """Make a `kind` of a JSON object; refuse it by naming the field at fault."""
    try:
        return kind.model_validate(value)
    except ValidationError as problem:
        raise _explain(problem) from None


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        found = jsonl.parse(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise invalid(f"{UNREADABLE} It is not UTF-8.") from None
    if isinstance(found, jsonl.BrokenLine):
        raise invalid(f"{UNREADABLE} Character {found.column}: {found.detail}.")
    return found[1]


def _explain(problem: ValidationError) -> ApiError:
    """Name the first field at fault. Pydantic adds the variants of a union to its path: they are no fields."""
    first = problem.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"] if _is_field(part))
    if first["type"] == "extra_forbidden":
        return invalid(f"Unrecognized request argument supplied: {path}", path, "unknown_parameter")
    if first["type"] == "missing":
        return invalid(f"Missing required parameter: '{path}'.", path, "missing_required_parameter")
    message = first["msg"].removeprefix("Value error, ")
    return invalid(f"Invalid value for '{path}': {message}.", path, "invalid_value")


def _is_field(part: str | int) -> bool:
    return isinstance(part, int) or (part.isidentifier() and part.islower() and part not in _TYPES)
