"""`prepare`: a file in, a dataset out, with what was accepted on the way."""

from __future__ import annotations

import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from lib.cli import say
from lib.cli.accepting import Choose, every, necessary, none, settle
from lib.cli.answers import Answer, described, problem, problems_of
from lib.cli.asking import Asker
from lib.cli.errors import OutputExists, OutputIsInput, WrongOutput
from lib.cli.inspecting import number, tell_problems
from lib.cli.looking import asked_in_validation, counted_for
from lib.cli.markdown import report as markdown
from lib.cli.reading import Opened, opened, validation_of
from lib.datasets.rules.base import Finding
from lib.i18n import _
from lib.workbench.export import Exported, export, export_table
from lib.workbench.prepare import prepare, whole_or_not_at_all
from lib.workbench.report import Report
from lib.workbench.targets import Target, find_target
from lib.workbench.traits import Traits
from lib.workbench.verdict import Outcome, judge

ENDINGS = (".jsonl", ".csv")


def run(chosen: Namespace) -> int:
    """Prepare a file; return 0 when what was written is fine, 1 when problems are left in it."""
    target = find_target(chosen.target) if chosen.target else None
    refuse_outputs(chosen)
    with opened(chosen, target) as asked:
        model = counted_for(target) if target else None
        file, report, accepted = settle(asked, chosen, chooser(chosen), model, target.context if target else None)
        if not report.examples:
            return nothing_left(file, report)
        asked_there = asked_in_validation(file, chosen)
        written = [write(file, chosen, target, chosen.output, report.traits, asked_there)]
        if validation := validation_of(file, chosen):
            written.append(write(validation, chosen, target, validation_output(chosen.output), None))
        answer = described(file, report, left(file, report, target, written[0]), model)
        sentences = [sentence for each in written for sentence in told(each)]
        save(chosen, file, markdown(answer, accepted, sentences))
    tell(chosen, accepted, answer["problems"], sentences)
    return int(any(each["severity"] != "hint" and not each.get("left_out") for each in answer["problems"]))


def nothing_left(file: Opened, report: Report) -> int:
    """Say that there is nothing to write; an empty file would only be refused later."""
    tell_problems(problems_of(file, report))
    say.line()
    say.line(_("Nothing was written: no example is left."), say.COLOURS["error"])
    return 1


def refuse_outputs(chosen: Namespace) -> None:
    """Raise before any work is done if a file could not be written in the end."""
    if chosen.output.suffix.lower() not in ENDINGS:
        raise WrongOutput(file=str(chosen.output))
    outputs = [path for path in (chosen.output, chosen.save_recipe, chosen.report) if path]
    if chosen.validation:
        outputs.append(validation_output(chosen.output))
    inputs = [path.resolve() for path in (chosen.file, chosen.validation, chosen.recipe) if path]
    for path in outputs:
        if path.resolve() in inputs:
            raise OutputIsInput(file=str(path))
        if path.exists() and not chosen.force:
            raise OutputExists(file=str(path))


def chooser(chosen: Namespace) -> Choose:
    """Return who decides which fixes are accepted."""
    if chosen.recipe:
        return none
    if chosen.yes:
        return every
    return Asker() if sys.stdin.isatty() and sys.stdout.isatty() else necessary


def write(
    file: Opened,
    chosen: Namespace,
    target: Target | None,
    out: Path,
    traits: Traits | None,
    validation: frozenset[int] = frozenset(),
) -> Exported:
    """Write the examples of a file as they were asked for; `validation` is what they must not ask."""
    made = file.work / "prepared.jsonl"
    with say.progress(_("Writing the examples")) as show:
        done = prepare(file.source, file.recipe, made, validation=validation, progress=show)
    if out.suffix.lower() == ".csv":
        return export_table(made, out, escape_formulas=not chosen.keep_formulas)
    if target:
        return export(made, target, out, traits)
    with whole_or_not_at_all(out) as file_out, made.open("rb") as file_in:
        shutil.copyfileobj(file_in, file_out)
    return Exported(out, done.examples, done.size)


def validation_output(out: Path) -> Path:
    """Return where the validation file goes: beside the training file."""
    return out.with_name(f"{out.stem}_validation{out.suffix}")


def left(file: Opened, report: Report, target: Target | None, written: Exported) -> list[Answer]:
    """Return the problems that are left; rows that gave no example are no problem of what was written."""
    gone = {"broken_lines", *(finding.code for finding in report.skipped)}
    found = [{**each, "left_out": each["code"] in gone} for each in problems_of(file, report)]
    if target and report.traits:
        verdict = judge(target, Outcome(report.traits, written.size, None, report.tokens))
        found += [{**problem(each), "target": target.name} for each in verdict.findings if each not in verdict.changed]
    return found


def told(done: Exported) -> Iterable[str]:
    """Yield what was written, and what the target made of it."""
    values = {"file": str(done.path), "n": number(done.examples), "bytes": number(done.size)}
    yield _("Written: {file}. Examples: {n}, bytes: {bytes}.", **values)
    if done.bom:
        yield _("It begins with a byte order mark, as wanted.")
    for change, count in done.left_out.items():
        yield sentence_for(change, number(count))


def sentence_for(change: str, count: str) -> str:
    """Return a change of `lib.workbench.export` in words."""
    if change == "formula":
        return _("Cells that a spreadsheet would run as formulas were escaped. Examples with them: {n}.", n=count)
    if change.startswith("-"):
        return _("Left out for the target: {key}. Examples that had it: {n}.", key=change[1:], n=count)
    before, _sign, after = change.partition(">")
    return _(
        "Renamed for the target: {before} to {after}. Examples that had it: {n}.", before=before, after=after, n=count
    )


def save(chosen: Namespace, file: Opened, report: str) -> None:
    """Write the recipe and the report, where they were asked for."""
    if chosen.save_recipe:
        recipe = json.dumps(file.recipe.to_json(), ensure_ascii=False, indent=2) + "\n"
        write_text(chosen.save_recipe, recipe)
    if chosen.report:
        write_text(chosen.report, report)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole_or_not_at_all(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def tell(chosen: Namespace, accepted: list[Finding], problems: list[Answer], written: list[str]) -> None:
    """Print what was done, what is left, and what was written."""
    for finding in accepted:
        say.line("✓ " + finding.title.text(), "green")
        say.line("  " + _("This was accepted: {offer}", offer=finding.todo.text()))
    tell_problems(problems)
    say.line()
    open_fixes = sum(bool(each.get("fixable")) for each in problems)
    if open_fixes and not chosen.yes and not chosen.recipe:
        say.line(_("Fixes that were offered and not made: {n}. Add --yes to make them.", n=open_fixes))
    for sentence in written:
        say.line(sentence, "bold")
