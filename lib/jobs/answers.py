"""Answers that were recorded of a job's tuned model."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from lib.db import ArchiveRow, RecordingRow, session

MOST = 20


def recorded(model: str | None, limit: int = MOST) -> list[tuple[str, str]]:
    """Return (question, answer) of the first prompts a tuned model was asked while it was archived."""
    if not model:
        return []
    query = (
        select(RecordingRow.prompt, RecordingRow.answer)
        .join(ArchiveRow, ArchiveRow.id == RecordingRow.archive)
        .where(ArchiveRow.model == model, RecordingRow.answer.is_not(None))
        .order_by(ArchiveRow.created_at.desc(), RecordingRow.number)
        .limit(limit)
    )
    with session() as opened:
        return [(_question(prompt), answer or "") for prompt, answer in opened.execute(query)]


def _question(prompt: dict[str, Any]) -> str:
    """Return a prompt as people read it: its text, or the messages below each other; else as it is stored."""
    messages = prompt.get("messages")
    if isinstance(messages, list) and all(isinstance(message, dict) for message in messages):
        return "\n".join(f"{message.get('role')}: {message.get('content')}" for message in messages)
    text = prompt.get("prompt")
    return text if isinstance(text, str) else json.dumps(prompt, ensure_ascii=False)
