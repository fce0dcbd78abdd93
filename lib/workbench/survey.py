"""Look at every example of a file, however large: what the rules find, what it counts, which rows give no example.

The file is cut into pieces that several processes share (`lib.workbench.processes`); what they saw is merged in the
order of the file, so the outcome does not depend on how many there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, repeat
from typing import TypeAlias

from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Recipe
from lib.datasets.rules.all_rules import COMPARING, RULES
from lib.datasets.rules.base import ComparingRule, Context, Finding, Rule, View, view_of
from lib.datasets.rules.batches import BatchRule, batches_of
from lib.datasets.rules.talk import REMEDIES
from lib.datasets.shapes.skips import BY_DESIGN
from lib.datasets.source import Chunk, Source, chunks
from lib.datasets.table import Note
from lib.i18n import N_
from lib.pricing.tokens import TokenCount, TokenMeter, TokenModel
from lib.workbench.examples import Example, Plan, Skipped, Tally, examples_of
from lib.workbench.processes import default_workers, in_order
from lib.workbench.report import Report
from lib.workbench.sample import share_of, spread
from lib.workbench.traits import Traits

RuleMaker: TypeAlias = Callable[[Context], Rule]
"""A class of rules, or anything picklable that makes one."""
Progress: TypeAlias = Callable[[float], None]
Stop: TypeAlias = Callable[[], bool]

TOGETHER = 200
"""Examples looked at together: few enough to stay in the processor's cache from the first rule to the last."""
SEVERITIES = {"error": 0, "warning": 1, "hint": 2}

LEFT_OUT = N_("Rows that give no example: {n}.")
SKIPPED_TODO = N_("Correct these rows, choose other columns, or go on without them.")


def survey(  # noqa: PLR0913 - each is one thing a caller may want
    source: Source,
    recipe: Recipe,
    *,
    model: TokenModel | None = None,
    limit: int | None = None,
    corrections: Corrections | None = None,
    validation: frozenset[int] = frozenset(),
    extra: Sequence[RuleMaker] = (),
    workers: int | None = None,
    progress: Progress = lambda _share: None,
    stop: Stop = lambda: False,
    sample: int | None = None,
) -> Report:
    """Return all that is known of a file under a recipe.

    Args:
        source: the file.
        recipe: how rows become examples; its fixes are applied.
        model: whose tokens to count; None counts none, which is faster.
        limit: tokens of the longest example that the model trains whole.
        corrections: cells edited and rows taken out by hand.
        validation: hashes of what another file asks, to find leaks.
        extra: rules to look with besides all there are.
        workers: processes to use; None for one for each processor, 1 for this process alone.
        progress: told now and then which part of the work is done, 0 to 1.
        stop: asked at least five times a second whether to stop.
        sample: bytes to look at, spread evenly over the file; None for all of it.

    Raises:
        Stopped, WorkerDied, WorkerFailed: see `lib.workbench.processes`.
    """
    pieces = chunks(source)
    looked_at = pieces if sample is None else spread(pieces, sample)
    crew = Crew(looked_at, workers or default_workers(), stop, progress)
    context = Context(recipe, limit, validation)
    plan = settle(crew, Plan(recipe, corrections or Corrections()), context)
    seen = crew.look(Look(plan, context, tuple(rule for rule in RULES if rule.applies(context)) + tuple(extra), model))
    findings = sorted((f for rule in seen.rules for f in rule.findings()), key=lambda f: SEVERITIES[f.severity])
    tally = seen.tally
    return Report(
        rows=tally.rows,
        examples=tally.examples,
        dropped=tally.dropped,
        columns=list(tally.columns) or source.table.columns,
        broken=tally.broken,
        n_broken=tally.n_broken,
        skipped=[about_skipped(code, skipped, recipe) for code, skipped in tally.skipped.items()],
        findings=findings,
        tokens=seen.tokens,
        traits=next((rule for rule in seen.rules if isinstance(rule, Traits)), None),
        share=share_of(looked_at, pieces),
    )


@dataclass
class Seen:
    """What was seen of one piece, or of those merged so far."""

    tally: Tally = field(default_factory=Tally)
    rules: list[Rule] = field(default_factory=list)
    tokens: TokenCount | None = None

    def merge(self, other: Seen) -> None:
        """Add what was seen of the piece that follows."""
        self.tally.merge(other.tally)
        for mine, theirs in zip(self.rules, other.rules, strict=True):
            mine.merge(theirs)
        if self.tokens and other.tokens:
            self.tokens.merge(other.tokens)


@dataclass(frozen=True)
class Look:
    """Look at one piece with these rules. A callable that can go to other processes."""

    plan: Plan
    context: Context
    rules: tuple[RuleMaker, ...]
    model: TokenModel | None = None

    def __call__(self, chunk: Chunk) -> Seen:
        """Return what was seen; the rules leave the context behind: it may be large, and the caller has it."""
        seen = Seen(Tally(), [make(self.context) for make in self.rules])
        examples: Iterable[Example] = examples_of(chunk, self.plan, seen.tally)
        lengths: Iterable[int | None] = repeat(None)
        if self.model:  # all at once: a tokenizer's tables fill the cache themselves
            examples = list(examples)
            seen.tokens = meter(self.model).measure([record for _row, _origin, record in examples])
            lengths = seen.tokens.per_example
        views = (view_of(*example, length) for example, length in zip(examples, lengths, strict=False))
        while some := list(islice(views, TOGETHER)):
            show(some, seen.rules)
        for rule in seen.rules:
            del rule.context
        return seen


def show(views: Sequence[View], rules: Sequence[Rule]) -> None:
    """Show some examples to all rules, so that they share what they work out of one example or a batch of them."""
    looks = [rule.look for rule in rules if not isinstance(rule, BatchRule)]
    for view in views:
        for look in looks:
            look(view)
    sees = [rule.see for rule in rules if isinstance(rule, BatchRule)]
    for batch in batches_of(views) if sees else ():
        for see in sees:
            see(batch)


@lru_cache(maxsize=2)
def meter(model: TokenModel) -> TokenMeter:
    """Return the meter of a model, made once in a process and shared with those forked from it."""
    return TokenMeter(model)


@dataclass
class Crew:
    """The pieces to look at, and who looks. Several looks share one progress."""

    pieces: list[Chunk]
    workers: int
    stop: Stop
    progress: Progress
    looks: int = 1
    done: int = 0

    def look(self, look: Look) -> Seen:
        """Return what a look sees of all pieces."""
        if look.model:
            meter(look.model)  # before any process is forked, so that they share it
        seen: Seen | None = None
        for number, piece in enumerate(in_order(look, self.pieces, workers=self.workers, stop=self.stop), 1):
            if seen is None:
                seen = piece
            else:
                seen.merge(piece)
            self.progress((self.done + number / len(self.pieces)) / self.looks)
        self.done += 1
        seen = seen or Seen(rules=[make(look.context) for make in look.rules])
        for rule in seen.rules:
            rule.context = look.context
        return seen


def settle(crew: Crew, plan: Plan, context: Context) -> Plan:
    """Return the plan with the rows that each comparing fix drops; one look each, after the fixes before it."""
    comparing = [number for number, fix in enumerate(plan.recipe.fixes) if fix["code"] in COMPARING]
    crew.looks = len(comparing) + 1
    for number in comparing:
        compare = COMPARING[plan.recipe.fixes[number]["code"]]
        rule = crew.look(Look(replace(plan, n_fixes=number), context, (compare,))).rules[0]
        if isinstance(rule, ComparingRule):
            plan = plan.without(rule.surplus())
    return plan


def about_skipped(code: str, skipped: Skipped, recipe: Recipe) -> Finding:
    """Return a finding about the rows that give no example for one reason, with the fix that brings them back."""
    title = Note(LEFT_OUT, {"n": len(skipped.found)})
    if code in BY_DESIGN:
        return Finding(code, "hint", title, skipped.reason, Note(BY_DESIGN[code]), skipped.found)
    fix, todo = REMEDIES.get(code, (None, SKIPPED_TODO))
    if fix is None or fix in recipe.fixes:
        return Finding(code, "error", title, skipped.reason, Note(SKIPPED_TODO), skipped.found)
    return Finding(code, "error", title, skipped.reason, Note(todo), skipped.found, fix)
