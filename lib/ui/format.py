"""Times, numbers, money and sizes in the reader's language (Babel) and time zone.

Functions return plain text without Markdown of its own; `when` is the one that draws.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from lib.db import now
from lib.i18n import _, locale
from lib.ui.text import escape

MINUTE, HOUR = 60, 3600
DIGITAL = ("byte", "kilobyte", "megabyte", "gigabyte")


def ago(at: float) -> str:
    """Return how long ago `at` (seconds since 1970) was: "3 minutes ago"."""
    passed = now() - at
    if abs(passed) < 1:
        return _("now")
    return format_timedelta(-int(passed), add_direction=True, locale=locale())


def exact(at: float) -> str:
    """Return the moment `at` in the reader's time zone, with the zone's name."""
    moment = datetime.fromtimestamp(at, zone())
    return format_datetime(moment, "long", locale=locale())


def when(at: float, sentence: str = "{ago}") -> None:
    """Draw a caption that says how long ago `at` was, with the exact time on hover. `{ago}` in `sentence` is ours."""
    st.caption(sentence.format(ago=escape(ago(at))), help=escape(exact(at)), width="content")


def zone() -> tzinfo:
    """Return the reader's time zone, as the browser names it, or UTC."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def moment(at: float) -> datetime:
    """Return `at` as a local time without zone, for a `DatetimeColumn`."""
    return datetime.fromtimestamp(at, zone()).replace(tzinfo=None)


def day(when_: date) -> str:
    """Return a date: "Nov 20, 2026"."""
    return format_date(when_, "medium", locale=locale())


def number(value: float, digits: int = 0) -> str:
    """Return `value` grouped, with at most `digits` decimals: "12,345.6"."""
    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return format_decimal(value, pattern, locale=locale())


def percent(fraction: float, digits: int = 0) -> str:
    """Return 0.42 as "42%"."""
    return format_percent(fraction, "#,##0." + "#" * digits + "%" if digits else "#,##0%", locale=locale())


def money(dollars: float) -> str:
    """Return US dollars; below ten cents with two significant figures, so that little is never shown as nothing."""
    if 0 < dollars < 0.1:
        return format_currency(float(f"{dollars:.2g}"), "USD", "¤0.00####", locale=locale(), currency_digits=False)
    return format_currency(dollars, "USD", locale=locale())


def size(count: float) -> str:
    """Return a number of bytes: "1.2 MB"."""
    power = 0
    while count >= 1000 and power < len(DIGITAL) - 1:
        count, power = count / 1000, power + 1
    return _unit(count, f"digital-{DIGITAL[power]}", 1 if power else 0)


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units: "2 min 5 sec", "1 hr 30 min", "8 sec"."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return _unit(whole, "duration-second")
    if whole < HOUR:
        return _pair(whole // MINUTE, "duration-minute", whole % MINUTE, "duration-second")
    return _pair(whole // HOUR, "duration-hour", whole % HOUR // MINUTE, "duration-minute")


def _pair(much: int, unit: str, little: int, small_unit: str) -> str:
    return " ".join(_unit(value, name) for value, name in ((much, unit), (little, small_unit)) if value)


def _unit(value: float, unit: str, digits: int = 0) -> str:
    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return format_unit(value, unit, length="short", format=pattern, locale=locale())
