"""`check`: whether a service takes a file."""

from __future__ import annotations

import shlex
from argparse import Namespace

from lib.cli import say
from lib.cli.answers import Answer, described, problem, problems_of, refused_by
from lib.cli.arguments import PROGRAM
from lib.cli.inspecting import tell_file, tell_problems
from lib.cli.looking import counted_for, look
from lib.cli.reading import Opened, opened
from lib.datasets.rules.base import Context
from lib.errors import TuneboardError
from lib.i18n import _
from lib.workbench.as_written import read_otherwise
from lib.workbench.export import SPELLINGS
from lib.workbench.report import Report
from lib.workbench.targets import Target, find_target
from lib.workbench.traits import RECORD_KEYS, Traits
from lib.workbench.verdict import Outcome, Verdict, judge, told
from lib.workbench.words import TRAIT_WORDS

REFUSES_WITHOUT = {"broken_lines"}


def run(chosen: Namespace) -> int:
    """Check a file against a target; return the exit status."""
    target = None
    try:
        target = find_target(chosen.target)
        with opened(chosen, target, convert=False) as asked:
            file, model = asked.as_it_stands(), counted_for(target)
            report = look(file, chosen, model=model, limit=target.context)
            verdict = verdict_on(file, report, target)
            answer = described(file, report, problems_for(file, report, verdict), model)
            passed = verdict.passed and not (file.ready(target) and left_out(answer["problems"], report))
    except TuneboardError as refusal:
        answer, passed = refused_by(refusal, chosen), False
        if not chosen.json:
            say.refuse(refusal)
    if chosen.json:
        say.answer({**answer, "passed": passed, "target": target.name if target else chosen.target})
    elif target and answer["kind"] == "dataset":
        tell(answer, target, passed)
    return 2 if answer["kind"] == "unknown" else int(not passed)


def verdict_on(file: Opened, report: Report, target: Target) -> Verdict:
    """Hold a file against a target: as it stands when it could be sent so, else what would be written from it."""
    traits = report.traits or Traits(Context(file.recipe))
    ready = file.ready(target)
    size = file.path.stat().st_size if ready else None
    verdict = judge(target, Outcome(traits, size, file.marked if ready else None, report.tokens))
    if ready and file.recipe.format != "reinforcement" and not target.takes("field"):
        # the recipe leaves out columns that nobody asked for; the file as it stands has them
        for column in report.columns:
            if column not in RECORD_KEYS | SPELLINGS[target.limits.get("preference", "output")]:
                words = TRAIT_WORDS["field"]
                verdict.failures.append(told(target, words.code, report.examples, words=words, detail=column))
    if ready and (otherwise := read_otherwise(file.source, file.bare(), target)):
        verdict.failures.append(told(target, "read_otherwise", found=otherwise))
    return verdict


def problems_for(file: Opened, report: Report, verdict: Verdict) -> list[Answer]:
    """Return what the target says, then everything else that is wrong; what both say is said once."""
    found = [{**problem(each), "target": verdict.target.name} for each in verdict.findings]
    if not file.ready(verdict.target):
        found.append(to_be_written(verdict.target))
    codes = {each["code"] for each in found}
    if codes & {"over_long_cut", "over_long_refused"}:
        codes.add("over_long")
    others = [each for each in problems_of(file, report) if each["code"] not in codes]
    order = {"error": 0, "warning": 1, "hint": 2}
    return sorted([*found, *others], key=lambda each: order[each["severity"]])


def to_be_written(target: Target) -> Answer:
    """Return that the file itself is not what would be sent; what was checked is what `prepare` makes of it."""
    return {
        "code": "not_written_yet",
        "severity": "hint",
        "count": 1,
        "lines": [],
        "message": _(
            "The file is not in the form that {service} takes; checked is what prepare makes of it.",
            service=target.title,
        ),
        "why": _("Services take JSON Lines in their own spelling."),
        "fix": _("Write it with prepare and the target {target}, and upload that.", target=target.name),
        "fixable": False,
        "target": target.name,
    }


def left_out(problems: list[Answer], report: Report) -> bool:
    """Say whether any line of the file is no example: the service would refuse the file for it."""
    return bool(report.skipped) or any(each["code"] in REFUSES_WITHOUT for each in problems)


def tell(answer: Answer, target: Target, passed: bool) -> None:
    """Print an answer for people."""
    tell_file(answer)
    tell_problems(answer["problems"])
    say.line()
    if passed:
        say.line(_("{service} takes it: {target}", service=target.title, target=target.name), "bold green")
        return
    say.line(_("{service} does not take it: {target}", service=target.title, target=target.name), "bold red")
    if not {"chat", "completion"} & set(target.formats):
        return
    file = shlex.quote(answer["file"])
    command = f"{PROGRAM} prepare {file} -o OUT.jsonl --target {shlex.quote(target.name)}"
    say.line(_("Next: {command}", command=command))
