"""Asking fix by fix on a terminal: what was found, why it matters, before and after, yes or no."""

from __future__ import annotations

import json
from itertools import islice

from lib.cli import say
from lib.cli.inspecting import name_of
from lib.cli.reading import Opened
from lib.datasets.corrections import Corrections
from lib.datasets.fixes import accept
from lib.datasets.recipe import Recipe
from lib.datasets.rules.all_rules import COMPARING
from lib.datasets.rules.base import Finding
from lib.datasets.source import chunks
from lib.i18n import _
from lib.workbench.examples import Example, Plan, Tally, examples_of

SHOWN = 3
WIDTH = 300
"""Characters of an example that are shown."""


class Asker:
    """Asks about one fix after the other; "all" answers yes to all that follow, "quit" no."""

    def __init__(self) -> None:
        self.always: bool | None = None

    def __call__(self, file: Opened, recipe: Recipe, finding: Finding) -> bool:
        """Return whether somebody accepts a fix."""
        if self.always is not None:
            return self.always and finding.severity != "hint"
        show(file, recipe, finding)
        while True:
            answer = input(_("Apply? [y]es, [n]o, [a]ll, [q]uit asking: ") + " ").strip().lower()[:1]
            if answer in ("a", "q"):
                self.always = answer == "a"
            if answer:
                break
        say.line()
        return answer in ("y", "a", "是")


def show(file: Opened, recipe: Recipe, finding: Finding) -> None:
    """Print what was found, why it matters, what the fix does, and examples before and after it."""
    say.line(f"{name_of(finding.severity)}: {finding.title.text()}", say.COLOURS[finding.severity])
    say.line(f"  {finding.why.text()}")
    say.line(f"  {finding.todo.text()}")
    for line, before, after in before_and_after(file, recipe, finding):
        say.line("  " + _("Line {line}", line=line))
        say.line(f"  - {short(before)}", "red")
        say.line(f"  + {short(after)}" if after else "  + " + _("(left out)"), "green")


def before_and_after(file: Opened, recipe: Recipe, finding: Finding) -> list[tuple[int, str, str]]:
    """Return (line, record before, record after) of a few examples that a fix is about; "" when it is left out."""
    if finding.fix is None:
        return []
    wanted = set(islice(finding.found.rows, SHOWN)) or set(range(SHOWN))
    before = chosen_examples(file, recipe, wanted)
    dropped = wanted if finding.fix["code"] in COMPARING else set()
    after = {row: record for row, _origin, record in chosen_examples(file, accept(recipe, finding.fix), wanted)}
    pairs = []
    for row, origin, record in before:
        kept = after.get(row) if row not in dropped else None
        pairs.append((origin.line, spell(record), spell(kept) if kept is not None else ""))
    return pairs


def chosen_examples(file: Opened, recipe: Recipe, wanted: set[int]) -> list[Example]:
    """Return the examples of some rows under a recipe; the pieces that hold none of them are not read."""
    plan, found = Plan(recipe, Corrections()), []
    pieces = chunks(file.source)
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        last = following.row if following else piece.row + file.source.rows + 1
        if any(piece.row <= row < last for row in wanted):
            found += [example for example in examples_of(piece, plan, Tally()) if example[0] in wanted]
    return found


def spell(record: object) -> str:
    """Return a record as JSON."""
    return json.dumps(record, ensure_ascii=False)


def short(text: str) -> str:
    """Return the start and the end of a long text: marks stand at the end."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH * 2 // 3]} … {text[-WIDTH // 3 :]}"
