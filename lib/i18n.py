"""`_()`: every sentence on screen, in Chinese or English.

English source strings are the keys. Catalogues are `.po` files in `lib/locales/<language>/LC_MESSAGES/`, read as
they are. The language is asked for at each call, through the function given to `resolve_language_with`, because
one process serves readers of both languages at once. This module knows nothing of screens.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

LANGUAGES = {"zh_CN": "简体中文", "en": "English"}
LOCALES = Path(__file__).parent / "locales"

_resolve: Callable[[], str] = lambda: "en"  # noqa: E731 - replaced by resolve_language_with


def resolve_language_with(resolve: Callable[[], str]) -> None:
    """Make `resolve` the source of the current language; it is called on the thread that shows the text."""
    global _resolve  # noqa: PLW0603 - one process, one way to ask
    _resolve = resolve


def language() -> str:
    """Return the current language, always a key of `LANGUAGES`."""
    return match(_resolve())


def match(tag: str | None) -> str:
    """Return the language that serves a browser tag best: `zh-TW` reads `zh_CN`, all others `en`."""
    return "zh_CN" if (tag or "").lower().startswith("zh") else "en"


def locale() -> Locale:
    """Return Babel's locale, for dates, numbers and money."""
    return Locale.parse(language())


@lru_cache
def catalogue(tag: str) -> dict[str, str]:
    """Return source string -> translation. English has none: its strings are the keys."""
    path = LOCALES / tag / "LC_MESSAGES" / "tuneboard.po"
    if tag == "en" or not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


def translate(text: str, /, **values: object) -> str:
    """Return `text` in the current language with `{name}` fields filled in, whatever their names."""
    template = catalogue(language()).get(text, text)
    return template.format(**values) if values else template


_ = translate


def sentences(*parts: str) -> str:
    """Join whole sentences as the current language does: with a space, or in Chinese with none."""
    return ("" if language() == "zh_CN" else " ").join(part for part in parts if part)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a literal for extraction; it is translated later, where it is shown."""
    return text
