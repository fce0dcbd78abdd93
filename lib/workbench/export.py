"""Writes prepared examples as a target wants them, or as a table for people, and says what was left out or renamed.

Streams line by line. The result is there whole or not at all.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from lib.datasets.jsonl import BOM
from lib.datasets.shapes.templates import text_of
from lib.workbench.prepare import whole_or_not_at_all
from lib.workbench.targets import Target
from lib.workbench.traits import MESSAGE_KEYS, RECORD_KEYS, Traits, format_of

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell instead of showing it."""

CHANGED = frozenset({"field", "key", "name", "weight", "weight_misplaced"})
"""Traits that writing for a target may take away."""

Record = dict[str, Any]


@dataclass
class Exported:
    """What was written. `left_out` counts the examples in which a key was left out or renamed, by what was done."""

    path: Path
    examples: int = 0
    size: int = 0
    """Bytes."""
    bom: bool = False
    left_out: Counter[str] = field(default_factory=Counter)


def export(prepared: Path, target: Target, out: Path, traits: Traits | None = None) -> Exported:
    """Write examples as a target wants them: byte order mark, keys, roles, spelling of preferences.

    Args:
        prepared: JSON Lines in UTF-8 as `lib.workbench.prepare` writes it.
        target: who is to take it.
        out: the file to write; what it held is replaced.
        traits: what the examples hold, if it is known; a file in which nothing has to change is copied, which is fast.

    Raises:
        ResultUnwritable: the disk is full or may not be written to.
    """
    done = Exported(out, bom=target.bom == "required")
    with whole_or_not_at_all(out) as file:
        if done.bom:
            file.write(BOM)
        if traits and keeps_all(target, traits):
            with prepared.open("rb") as made:
                shutil.copyfileobj(made, file)
            done.examples, done.size = traits.examples, file.tell()
            return done
        for record in records_of(prepared):
            changes: set[str] = set()
            line = json.dumps(fit(record, target, changes), ensure_ascii=False)
            file.write(line.encode("utf-8") + b"\n")
            done.left_out.update(changes)
            done.examples += 1
        done.size = file.tell()
    return done


def keeps_all(target: Target, traits: Traits) -> bool:
    """Say whether a target takes every key and role of the examples, and spells them the same way."""
    if "preference" in traits.formats and target.limits.get("preference", "output") != "output":
        return False
    words = {trait.partition(":")[0] for trait in traits.found}
    return "role" not in words and all(target.takes(word) for word in words & CHANGED)


def export_table(prepared: Path, out: Path, *, escape_formulas: bool = True) -> Exported:
    """Write examples as CSV for people: UTF-8 with a byte order mark, which spreadsheets need to see it is UTF-8.

    A cell that a spreadsheet would run as a formula gets a single quote in front, unless `escape_formulas` is off.
    Structured values are written as JSON.
    """
    done = Exported(out, bom=True)
    columns = list(dict.fromkeys(key for record in records_of(prepared) for key in record))
    with whole_or_not_at_all(out) as raw:
        raw.write(BOM)
        text = Text(raw)
        rows = csv.writer(text, lineterminator="\r\n")
        rows.writerow([safe(column, escape_formulas) for column in columns])
        for record in records_of(prepared):
            cells = [text_of(record.get(column, "")) for column in columns]
            rows.writerow([safe(each, escape_formulas) for each in cells])
            done.examples += 1
            done.left_out["formula"] += escape_formulas and any(each.startswith(FORMULA) for each in cells)
        done.size = raw.tell()
    done.left_out = +done.left_out
    return done


def fit(record: Record, target: Target, changes: set[str]) -> Record:
    """Return an example as a target wants it; what was left out or renamed is added to `changes`."""
    kind = format_of(record)
    if kind == "completion":
        return fields_of(record, target, changes)
    fitted = fields_of(record, target, changes) if kind != "reinforcement" else dict(record)
    for key in ("messages", "preferred_output", "non_preferred_output"):
        if key in fitted:
            fitted[key] = [message_of(message, target, changes) for message in fitted[key]]
    asked = fitted.get("input")
    if isinstance(asked, Mapping):
        messages = [message_of(message, target, changes) for message in asked.get("messages", ())]
        fitted["input"] = {**asked, "messages": messages}
    return PREFERENCES[target.limits.get("preference", "output")](fitted) if kind == "preference" else fitted


def fields_of(record: Record, target: Target, changes: set[str]) -> Record:
    """Return an example without the fields of the user's own that a target refuses."""
    if target.takes("field"):
        return dict(record)
    extra = record.keys() - RECORD_KEYS
    changes.update(f"-{key}" for key in extra)
    return {key: value for key, value in record.items() if key not in extra}


def message_of(message: Record, target: Target, changes: set[str]) -> Record:
    """Return a message with the keys and the role that a target takes."""
    kept = {}
    for key, value in message.items():
        if takes_key(key, message, target):
            kept[key] = value
        else:
            changes.add(f"-messages.{key}")
    if kept.get("role") == "developer" and target.roles is not None and "developer" not in target.roles:
        kept["role"] = "system"
        changes.add("developer>system")
    return kept


def takes_key(key: str, message: Record, target: Target) -> bool:
    """Say whether a target takes a key of a message."""
    if key == "weight":
        misplaced = message.get("role") != "assistant" and not target.takes("weight_misplaced")
        return target.takes("weight") and not misplaced
    if key == "name":
        return target.takes("name")
    return key in MESSAGE_KEYS or target.takes("key")


def as_output(record: Record) -> Record:
    """Return a preference as OpenAI spells it."""
    return record


def as_chosen(record: Record) -> Record:
    """Return a preference as Alibaba Model Studio spells it: one message on each side."""
    asked, chosen, rejected, rest = sides(record)
    return {**rest, **asked, "chosen": chosen[-1], "rejected": rejected[-1]}


def as_trl(record: Record) -> Record:
    """Return a preference as TRL spells it: prompt, chosen and rejected, each a list of messages."""
    asked, chosen, rejected, rest = sides(record)
    return {**rest, "prompt": asked.pop("messages", []), **asked, "chosen": chosen, "rejected": rejected}


def sides(record: Record) -> tuple[Record, list[Record], list[Record], Record]:
    """Return what is asked, the preferred answer, the other, and all fields beside them."""
    rest = dict(record)
    asked, chosen, rejected = (rest.pop(key) for key in ("input", "preferred_output", "non_preferred_output"))
    return dict(asked), chosen, rejected, rest


PREFERENCES: dict[str, Callable[[Record], Record]] = {"output": as_output, "chosen": as_chosen, "trl": as_trl}

SPELLINGS = {
    "output": {"input", "preferred_output", "non_preferred_output"},
    "chosen": {"messages", "chosen", "rejected"},
    "trl": {"prompt", "chosen", "rejected"},
}
"""The fields that a preference has in each spelling."""


def records_of(prepared: Path) -> Iterator[Record]:
    """Yield the examples of a file that `lib.workbench.prepare` wrote."""
    with prepared.open("rb") as file:
        for number, line in enumerate(file):
            raw = line.removeprefix(BOM) if number == 0 else line
            if not raw.isspace():
                yield json.loads(raw)


def safe(text: str, escape_formulas: bool) -> str:
    """Return the text of a cell so that no spreadsheet runs it."""
    return f"'{text}" if escape_formulas and text.startswith(FORMULA) else text


class Text:
    """Takes the text that `csv.writer` writes, and passes it on as bytes; a text wrapper would close the file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, text: str) -> int:
        """Write text as UTF-8."""
        return self.file.write(text.encode("utf-8"))
