"""Identifiers as OpenAI writes them: a prefix and random letters and digits. No id is ever made from client text."""

from __future__ import annotations

import secrets
import string

_LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return `prefix` followed by `length` random characters."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def short_tag() -> str:
    """Return the eight characters that end the name of a tuned model; lower case, so that file systems agree."""
    return new_id("", 8).lower()
