"""The root of every refusal a user can see.

TuneboardError                    what was wrong and where, why it matters, what to do next
├── lib.datasets.errors           files, columns, examples
├── lib.pricing.errors            token counts
├── lib.providers.errors          connections and what a backend answered
├── lib.stored_files              stored files
├── lib.workbench.errors          work on a whole file
├── lib.jobs.errors               launches
└── lib.results.errors            result files

A class is named after the problem and holds three English templates; the values that fill them are given when
it is raised. The sentences are translated when they are shown, in the language of whoever looks, so an error
can be stored by the worker and read later by someone else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lib.i18n import translate


@dataclass(frozen=True)
class Explanation:
    """Three sentences in the reader's language. They may hold user data: show them as plain text."""

    what: str
    why: str
    todo: str


class TuneboardError(Exception):
    """A refusal with `what`, `why` and `todo` templates, e.g. `"{file} is empty."`; values are keyword arguments."""

    what: ClassVar[str]
    why: ClassVar[str] = ""
    todo: ClassVar[str] = ""

    _kinds: ClassVar[dict[str, type[TuneboardError]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        TuneboardError._kinds[cls.__name__] = cls

    def __init__(self, **values: str | int | float | None) -> None:
        self.values = values
        super().__init__(self.what.format(**values))

    def explain(self) -> Explanation:
        """Return the sentences in the current language."""
        return Explanation(*(translate(t, **self.values) if t else "" for t in (self.what, self.why, self.todo)))

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into this error."""
        return {"error": type(self).__name__, "values": self.values}

    @staticmethod
    def from_json(record: dict[str, Any]) -> TuneboardError:
        """Rebuild a stored error; a kind that no longer exists becomes `UnknownProblem` with its name."""
        kind = TuneboardError._kinds.get(str(record.get("error")))
        if kind is None:
            return UnknownProblem(name=str(record.get("error")), detail=str(record.get("values")))
        return kind(**record.get("values", {}))


class UnknownProblem(TuneboardError):
    what = "A problem of a kind this version does not know: {name}. {detail}"
    todo = "Look it up in the log of the server."
