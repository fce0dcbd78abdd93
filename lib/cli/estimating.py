"""`estimate`: what training on a file costs in dollars, or takes in minutes."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from babel.numbers import format_currency

from lib.cli import say
from lib.cli.answers import Answer, tokens
from lib.cli.inspecting import number
from lib.cli.looking import counted_for, look
from lib.cli.reading import Opened, opened, validation_of
from lib.cli.speed import Speed, speed_of
from lib.i18n import _, locale
from lib.pricing.epochs import default_epochs
from lib.pricing.estimate import Estimate, Method, billed_tokens, estimate_engine, estimate_hosted
from lib.pricing.tokens import TokenCount
from lib.workbench.report import Report
from lib.workbench.targets import Target, find_target

OWN_MACHINES = ("engine", "trl")
"""Services that run where you let them, and send no bill."""
CENTS = 6
"""Digits after the point in JSON: enough for the price of a single token."""


def run(chosen: Namespace) -> int:
    """Estimate a job; return 1 when nothing is left to train on. A retired model is priced like any other."""
    target = find_target(chosen.model)
    with opened(chosen, target) as asked:
        model = counted_for(target)
        report = look(asked.as_it_stands(), chosen, model=model)
        count = report.tokens or TokenCount()
        epochs = chosen.epochs or epochs_for(target, report, count)
        validation = tokens_of_validation(asked, chosen, target)
        speed = speed_of(target)
        made = estimate(target, speed, count, epochs, validation, asked.recipe.format)
        answer = answered(target, report, made, speed)
        answer["epochs_automatic"] = chosen.epochs is None
        answer["tokens"] = tokens(count, model)
    if chosen.json:
        say.answer(answer)
    else:
        tell(answer, target)
    return int(not report.examples)


def epochs_for(target: Target, report: Report, count: TokenCount) -> int:
    """Return how often every example is read when nobody says."""
    rule = target.details.get("epochs")
    if rule:  # the engine's own: by tokens, see `lib/engine/models/bases.py`
        return int(max(rule["least"], min(rule["most"], round(rule["tokens"] / max(1, count.total)))))
    return default_epochs(report.examples, target.priced)


def tokens_of_validation(file: Opened, chosen: Namespace, target: Target) -> TokenCount | None:
    """Return the tokens of the validation file, which some services bill; None when there is none."""
    validation = validation_of(file, chosen)
    return look(validation.as_it_stands(), chosen, model=counted_for(target)).tokens if validation else None


def estimate(
    target: Target, speed: Speed | None, count: TokenCount, epochs: int, validation: TokenCount | None, kind: str
) -> Estimate:
    """Return what a target bills or takes; `kind` is the format of the examples."""
    if speed:
        return estimate_engine(count, epochs, speed.tokens_per_second, speed.overhead_seconds)
    if target.priced:
        method: Method = "dpo" if kind == "preference" else "supervised"
        return estimate_hosted(count, target.priced, epochs, validation=validation, method=method)
    return Estimate(epochs, billed_tokens(count, epochs, target.context), None, None, None, "", None)


def answered(target: Target, report: Report, made: Estimate, speed: Speed | None) -> Answer:
    """Return an estimate as JSON; what nobody publishes is null."""
    priced = target.priced
    dollars = 0.0 if target.service in OWN_MACHINES else made.dollars
    answer: dict[str, Any] = {
        "model": target.name,
        "examples": report.examples,
        "epochs": made.epochs,
        "billed_tokens": made.billed_tokens,
        "training_cost_usd": None if dollars is None or made.currency != "USD" else round(dollars, CENTS),
        "currency": made.currency,
        "approximate": made.approximate,
        "validation_tokens": made.validation_tokens,
        "minutes": None if made.minutes is None else round(made.minutes, 2),
        "price_per_million_tokens": made.price_per_mtok,
        "price_source": made.price_source or None,
        "price_date": made.price_date.isoformat() if made.price_date else None,
        "speed": pace(speed),
        "retired": bool(priced and priced.is_retired()),
        "retired_on": priced.retired.isoformat() if priced and priced.retired else None,
        "shutdown_on": priced.shutdown.isoformat() if priced and priced.shutdown else None,
    }
    return answer


def pace(speed: Speed | None) -> Answer | None:
    """Return a speed as JSON."""
    return {"tokens_per_second": speed.tokens_per_second, "measured_here": speed.measured_here} if speed else None


def tell(answer: Answer, target: Target) -> None:
    """Print an estimate for people."""
    say.line(answer["model"], "bold")
    chosen = _("chosen automatically") if answer["epochs_automatic"] else _("as asked")
    told = {"n": number(answer["examples"]), "epochs": answer["epochs"], "chosen": chosen}
    say.line("  " + _("Examples: {n}, epochs: {epochs} ({chosen})", **told))
    say.line("  " + _("Tokens × epochs: {n}", n=number(answer["billed_tokens"])))
    if answer["minutes"] is not None:
        say.line("  " + _("Training time: about {n} minutes", n=number(answer["minutes"])))
        speed = number(answer["speed"]["tokens_per_second"])
        if answer["speed"]["measured_here"]:
            say.line("  " + _("At {speed} tokens a second, as the engine measured; it costs nothing.", speed=speed))
        else:
            say.line(
                "  " + _("At {speed} tokens a second, the usual speed on two cores; it costs nothing.", speed=speed)
            )
    elif answer["training_cost_usd"] is None:
        say.line("  " + _("What {service} charges for this is not published.", service=target.title))
    elif target.service in OWN_MACHINES:
        say.line("  " + _("How long it takes is not known before the first job on this model. It costs nothing."))
    else:
        say.line("  " + _("Cost: {money}", money=format_currency(answer["training_cost_usd"], "USD", locale=locale())))
        told = {"price": answer["price_per_million_tokens"], "day": answer["price_date"], "url": answer["price_source"]}
        say.line("  " + _("{price} dollars for a million tokens. Read on {day} at {url}", **told))
    if answer["retired"]:
        say.line("  " + _("Retired: no new jobs since {day}.", day=answer["retired_on"]), say.COLOURS["warning"])
    elif answer["shutdown_on"]:
        say.line("  " + _("Models tuned on it are shut down on {day}.", day=answer["shutdown_on"]))
