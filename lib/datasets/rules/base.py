"""What a rule looks at, what it finds, and the fix it offers.

A rule sees every example once, in the order of the file. Big files are looked at in pieces by several processes: each
piece gets rules of its own, which are pickled back and merged in order. So a rule keeps counts, row numbers and
hashes, never the examples themselves.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeAlias

from lib.datasets.recipe import Fix, Recipe
from lib.datasets.table import Note, Origin

Severity: TypeAlias = Literal["error", "warning", "hint"]
"""error: the file or row can't be trained on. warning: it can, but should not as it is. hint: good to know."""

Record: TypeAlias = "dict[str, Any]"

LINES_NAMED = 20
"""Lines that a finding names; all rows are kept beside them."""


@dataclass(slots=True)
class View:
    """One example as rules look at it. Never changed, though not frozen: that would take four times as long to make."""

    row: int
    """Number of its row in the file, from 0; it never changes, whatever is dropped before it."""
    origin: Origin
    record: Record
    prompt: str
    """What is asked: the prompt, or the texts of all messages before the answer, joined by line ends."""
    completion: str
    """What is learnt: the completion, or the text of the last message of the assistant."""
    tokens: int | None = None
    """Tokens by the chosen model; None when nobody counted."""
    talk: tuple[str, ...] = ()
    """The role of each message, of an example that is nothing but messages of a role and a text that says something.
    Nearly all are, and most rules have nothing to look for in them; () of any other."""
    hashes: tuple[int, int] | None = None
    """Kept here by `rules.duplicates.hashes` once it was asked."""


@dataclass(frozen=True)
class Context:
    """What a rule may know besides the examples. Pickled to other processes, so plain data."""

    recipe: Recipe
    limit: int | None = None
    """Tokens of the longest example that the chosen model trains whole."""
    validation: frozenset[int] = frozenset()
    """Hashes of what another file asks (`rules.duplicates.asked`), to find leaks; empty when there is none."""


@dataclass
class Found:
    """Rows that something was found in: all of their numbers, and the first lines to name."""

    rows: array[int] = field(default_factory=lambda: array("Q"))
    lines: list[int] = field(default_factory=list)

    def add(self, view: View) -> None:
        """Note one example."""
        self.rows.append(view.row)
        if len(self.lines) < LINES_NAMED:
            self.lines.append(view.origin.line)

    def merge(self, other: Found) -> None:
        """Add what was found in the piece that follows."""
        self.rows.extend(other.rows)
        self.lines = (self.lines + other.lines)[:LINES_NAMED]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Finding:
    """One thing worth telling about a dataset."""

    code: str
    """Names the finding in JSON and in the tests, e.g. `duplicate_rows`."""
    severity: Severity
    title: Note
    """What was found, as a sentence with its figures: "12 examples stand twice in the file."."""
    why: Note
    """Why it matters."""
    todo: Note
    """What accepting the fix does, or what to do by hand when there is none."""
    found: Found = field(default_factory=Found)
    """The rows it is about; empty when it is about the file as a whole."""
    fix: Fix | None = None
    count: int | None = None
    """How many, where it is not the number of rows."""


class Rule:
    """One thing to look for. Subclasses set `code` and write the three methods."""

    code: ClassVar[str]

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    def applies(cls, context: Context) -> bool:
        """Say whether there is anything to look for in examples of this format; rules of other formats are left out."""
        return True

    def look(self, view: View) -> None:
        """See one example."""
        raise NotImplementedError

    def merge(self, other: Self) -> None:
        """Take over what the same rule saw in the piece that follows."""
        raise NotImplementedError

    def findings(self) -> list[Finding]:
        """Return what was found, once everything was seen."""
        raise NotImplementedError


class RowRule(Rule):
    """A rule that judges each example by itself, and keeps those it is about in `found`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.found = Found()

    def merge(self, other: Self) -> None:
        """Add the rows of the piece that follows."""
        self.found.merge(other.found)


class ComparingRule(Rule):
    """A rule that compares examples with each other; its fix drops the surplus ones."""

    def surplus(self) -> set[int]:
        """Return the rows to drop, once everything was seen; the first of a kind stays."""
        raise NotImplementedError


def view_of(row: int, origin: Origin, record: Record, tokens: int | None = None) -> View:
    """Return an example in any of the four formats as a view."""
    if "completion" in record:
        return View(row, origin, record, str(record.get("prompt", "")), record["completion"], tokens)
    if "input" in record:
        answer = "\n".join(map(text_of_message, record.get("preferred_output", ())))
        asked = record["input"]
        messages = asked.get("messages", ()) if isinstance(asked, Mapping) else ()
        return View(row, origin, record, "\n".join(map(text_of_message, messages)), answer, tokens)
    messages = record.get("messages", ())
    talk = talk_of(record, messages)
    texts = [message["content"] for message in messages] if talk else [text_of_message(message) for message in messages]
    answer = texts.pop() if texts and messages[-1].get("role") == "assistant" else ""
    return View(row, origin, record, "\n".join(texts), answer, tokens, talk)


def talk_of(record: Record, messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the roles of an example that is nothing but messages of a role and a text that says something; else ()."""
    if len(record) != 1:
        return ()
    roles = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if len(message) != 2 or role.__class__ is not str or content.__class__ is not str or not content.strip():
            return ()
        roles.append(role)
    return tuple(roles)


def text_of_message(message: Mapping[str, Any]) -> str:
    """Return the text of a message; of content parts, the text parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return ""
