"""Whether a target takes a dataset: what it refuses, with the rule, the lines, the reason and the fix.

A verdict is worked out from what one pass over the examples gathered (`Outcome`), so all targets cost no more than
one. What only the file shows (its bytes, its byte order mark) is checked where the file itself is what would be sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from lib.datasets.rules.base import Finding, Found, Severity
from lib.datasets.table import Note
from lib.pricing.tokens import TokenCount
from lib.workbench.targets import Source, Target
from lib.workbench.traits import Traits
from lib.workbench.words import LIMIT_WORDS, TRAIT_WORDS, Words


@dataclass(frozen=True)
class Outcome:
    """A dataset as targets look at it."""

    traits: Traits
    size: int | None = None
    """Bytes of the file, where it is known."""
    bom: bool | None = None
    """Whether the file begins with a byte order mark; None while it is still to be written for the target. Then what
    writing settles is no failure."""
    tokens: TokenCount | None = None
    """Tokens of each example by the tokenizer of the target, or of one that splits text alike."""


@dataclass(frozen=True)
class Verdict:
    """What a target says of a dataset."""

    target: Target
    failures: list[Finding] = field(default_factory=list)
    """What the target refuses."""
    warnings: list[Finding] = field(default_factory=list)
    """What it takes, though not as it may be meant."""
    notes: list[Finding] = field(default_factory=list)
    """What could not be checked, because no page of the service tells."""
    changed: list[Finding] = field(default_factory=list)
    """What would be refused as it stands, and is put right when the file is written for this target."""

    @property
    def passed(self) -> bool:
        """Say whether the target takes the dataset."""
        return not self.failures

    @property
    def findings(self) -> list[Finding]:
        """Return all of them, failures first."""
        return [*self.failures, *self.warnings, *self.notes, *self.changed]


def judge(target: Target, outcome: Outcome, today: date | None = None) -> Verdict:
    """Hold a dataset against one target."""
    verdict = Verdict(target)
    for finding, mended in (*limits(target, outcome, today), *traits(target, outcome.traits)):
        if finding.severity == "hint":
            verdict.notes.append(finding)
        elif finding.severity == "warning":
            verdict.warnings.append(finding)
        elif mended and outcome.bom is None:
            verdict.changed.append(replace(finding, severity="hint"))
        else:
            verdict.failures.append(finding)
    return verdict


def matrix(targets: Iterable[Target], outcome: Outcome, today: date | None = None) -> list[Verdict]:
    """Hold a dataset against many targets; tokens are left aside, as every model has its own."""
    return [judge(target, replace(outcome, tokens=None), today) for target in targets]


def limits(target: Target, outcome: Outcome, today: date | None) -> Iterator[tuple[Finding, bool]]:
    """Yield what is wrong with the dataset as a whole, and whether writing it for the target puts it right."""
    seen, most = outcome.traits, target.limits.get("most_bytes")
    if target.priced and target.retired and target.priced.is_retired(today):
        yield told(target, "retired_model", day=target.retired.isoformat()), False
    for kind, count in seen.formats.items():
        if kind not in target.formats:
            yield told(target, "format_not_taken", count, format=kind, taken=", ".join(target.formats)), False
    if len(seen.formats) > 1:
        yield told(target, "mixed_formats", formats=", ".join(seen.formats)), False
    least, most_examples = target.limits.get("least_examples", 1), target.limits.get("most_examples")
    if seen.examples < least:
        yield told(target, "too_few_examples", seen.examples, limit=least), False
    if most_examples and seen.examples > most_examples:
        yield told(target, "too_many_examples", seen.examples, limit=most_examples), False
    if outcome.size and most and outcome.size > most:
        yield told(target, "file_too_large", size=outcome.size, limit=most), False
    if (outcome.bom, target.bom) in ((True, "forbidden"), (False, "required")):
        yield told(target, "bom_missing" if target.bom == "required" else "bom_not_taken"), True
    yield from lengths(target, outcome.tokens)


def lengths(target: Target, tokens: TokenCount | None) -> Iterator[tuple[Finding, bool]]:
    """Yield that examples are longer than the target trains whole, where both are known."""
    over = tokens.over(target.context) if tokens and target.context else 0
    if over:
        refused = target.limits.get("over_long") == "refused"
        code = "over_long_refused" if refused else "over_long_cut"
        yield told(target, code, over, severity="error" if refused else "warning", limit=target.context or 0), False


def traits(target: Target, seen: Traits) -> Iterator[tuple[Finding, bool]]:
    """Yield what the target says of the traits that were seen."""
    for role, found in seen.named("role").items():
        if target.roles is not None and role not in target.roles:
            yield told(target, "role_not_taken", found=found, detail=role), role == "developer"
        elif target.roles is None:
            yield unpublished(target, f"role {role}", found), False
    for trait, found in seen.found.items():
        word, _colon, detail = trait.partition(":")
        words = TRAIT_WORDS.get(trait) or TRAIT_WORDS.get(word)
        if words is None:
            continue
        if not target.takes(trait):
            yield told(target, words.code, found=found, words=words, detail=detail), words.mended
        elif {trait, word} & target.ignores:
            severity: Severity = "warning" if words.changes_meaning else "hint"
            yield told(target, words.code, found=found, words=words, severity=severity, detail=detail), False
        elif {trait, word} & target.unpublished:
            yield unpublished(target, trait, found), False


def told(
    target: Target,
    code: str,
    count: int | None = None,
    *,
    found: Found | None = None,
    words: Words | None = None,
    severity: Severity = "error",
    **values: str | int | float,
) -> Finding:
    """Return a finding in the words of its rule; the values hold the page it was read on (`source`, `read_on`)."""
    words = words or LIMIT_WORDS[code]
    found = found or Found()
    source = target.source(next((rule for rule in words.rules if target.source(rule)), ""))
    given: dict[str, str | int | float] = {
        "service": target.title,
        "model": target.model,
        "target": target.name,
        "n": len(found) if count is None else count,
        **values,
        **page(source),
    }
    what, why, todo = (Note(text, given) for text in (words.what, words.why, words.todo))
    return Finding(code, severity, what, why, todo, found, None, count)


def unpublished(target: Target, trait: str, found: Found) -> Finding:
    """Return that nobody says what a target does with a trait."""
    words = LIMIT_WORDS["not_published"]
    given: dict[str, str | int | float] = {"service": target.title, "trait": trait, "n": len(found)}
    return Finding("not_published", "hint", Note(words.what, given), Note(words.why, given), Note(words.todo), found)


def page(source: Source | None) -> dict[str, str]:
    """Return where a rule was read, as values of a sentence."""
    return {"source": source.url, "read_on": source.read_on.isoformat()} if source else {}
