"""Files to look through: conversations that differ from one another, in Chinese and English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.datasets import jsonl
from lib.datasets.recipe import Recipe
from lib.datasets.source import Source, open_source

CHAT_RECIPE = Recipe({"messages": "messages"}, "chat", separator="")


def talk(number: int, answer: str = "") -> dict[str, Any]:
    """Return a conversation that no other number gives."""
    asked = f"What is {number} times {number + 7}?" if number % 2 else f"{number}的平方是多少？请说明步骤。"
    answer = (
        answer or f"第{number}题：{number}乘{number}等于{number * number}。 That makes {number * number + 7 * number}."
    )
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Source]:
    """Return a function that opens records as a file."""

    def open_records(records: list[dict[str, Any]], name: str = "in.jsonl") -> Source:
        path = tmp_path / name
        path.write_bytes(jsonl.write(records))
        return open_source(path, name, tmp_path / "spools")

    return open_records
