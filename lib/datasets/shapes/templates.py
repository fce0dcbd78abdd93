"""`{dynasty},{power},{mood}`: a prompt built from several columns.

A name in braces stands for the cell of that column; `{{` and `}}` are braces. A column whose own name holds a brace
or a backslash is written with a backslash before it; `placeholder` writes any name so that it is understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from lib.datasets.errors import BrokenTemplate, UnknownColumn
from lib.datasets.table import Cell, Table

Part: TypeAlias = "tuple[str, str]"
"""(text that stands as it is, column that follows it); the last part's column is ""."""

TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>(?:[^{}\\]|\\.)+)\}|(?P<open>\{)|[^{}]+|\}", re.DOTALL)
ESCAPED = re.compile(r"\\([{}\\])")


@lru_cache(maxsize=256)
def parse(template: str) -> tuple[Part, ...]:
    """Return the parts of a template. Raises `BrokenTemplate` for a brace that is never closed."""
    parts: list[Part] = []
    text = ""
    for token in TOKEN.finditer(template):
        if token["open"]:
            raise BrokenTemplate(template=template[:200], place=token.start() + 1)
        if token["name"]:
            parts.append((text, ESCAPED.sub(r"\1", token["name"])))
            text = ""
        else:
            text += {"{{": "{", "}}": "}"}.get(token[0], token[0])
    return (*parts, (text, ""))


def names(template: str) -> list[str]:
    """Return the columns that a template names, each once, in order."""
    return list(dict.fromkeys(column for _text, column in parse(template) if column))


def placeholder(column: str) -> str:
    """Return what stands for a column in a template, whatever its name."""
    return "{" + re.sub(r"[{}\\]", r"\\\g<0>", column) + "}"


def check(template: str, columns: Iterable[str], file: str = "") -> None:
    """Raise `UnknownColumn` for a name that no column has, or `BrokenTemplate`."""
    there = list(columns)
    for name in names(template):
        if name not in there:
            raise UnknownColumn(file=file, column=name[:100], columns=", ".join(there[:20])[:400])


def render(template: str, fields: Mapping[str, Any]) -> str:
    """Return the template with cells in their places; "" when all of them are empty."""
    filled = False
    out = ""
    for text, column in parse(template):
        cell = text_of(fields.get(column, "")) if column else ""
        filled = filled or bool(cell.strip())
        out += text + cell
    return out if filled else ""


def fits(template: str, text: str) -> bool:
    """Say whether a text holds what stands between the braces of a template: it may have been made by it."""
    return re.fullmatch(".*".join(re.escape(part) for part, _column in parse(template)), text, re.DOTALL) is not None


def preview(template: str, table: Table, n: int = 3) -> list[str]:
    """Return the prompts of the first `n` rows. Raises `UnknownColumn` or `BrokenTemplate`."""
    check(template, table.columns, table.name)
    return [render(template, dict(zip(table.columns, cells, strict=True))) for cells in table.rows[:n]]


def text_of(cell: Cell | int | float | bool | None) -> str:
    """Return a cell as text: a structured value as JSON, nothing for null."""
    if isinstance(cell, str):
        return cell
    return "" if cell is None else json.dumps(cell, ensure_ascii=False)
