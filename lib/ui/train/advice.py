"""What stands in the way of a launch, and what to know before one. Sentences, already translated, in plain text."""

from __future__ import annotations

from lib.errors import TuneboardError
from lib.i18n import _
from lib.jobs import budget
from lib.jobs.errors import OverBudget
from lib.library import Version
from lib.providers.provider import PROVIDERS
from lib.ui import format as fmt
from lib.ui.train import account, form, verdicts
from lib.ui.train.form import METADATA_PAIRS, Measured, Plan
from lib.ui.train.models import Choice


def obstacles(choice: Choice, version: Version, planned: Plan) -> list[str]:
    """Return why this launch can't be made."""
    found, measured = [], planned.measured
    if len(planned.spec.metadata) > METADATA_PAIRS:
        found.append(_("Services keep at most {n} metadata with a job.", n=METADATA_PAIRS))
    provider = PROVIDERS[choice.service]
    if choice.connection is None:
        key = f"TUNEBOARD_{choice.service.upper()}_API_KEY"
        told = {"service": choice.where, "key": key}
        found.append(_("There is no connection to {service}. Add one on the Settings page, or set {key}.", **told))
    method = form.method_of(version)
    if method not in provider.methods:
        found.append(
            _(
                "Jobs started here learn from answers or preferences, not from references. "
                "On the Data page, convert the file to chat, or download it and start the job at the service."
            )
        )
    elif choice.priced and method not in choice.priced.methods:
        found.append(_("{model} can't be trained on such examples. Choose another model.", model=choice.priced.title))
    elif method == form.DPO and choice.is_starter:
        found.append(
            _(
                "starter begins with no answers, so it can prefer none. "
                "Train it on examples with answers first, then choose the tuned model here."
            )
        )
    elif version.format not in (choice.priced.formats if choice.priced else provider.formats):
        found.append(_("This model learns from chat messages. On the Data page, convert the file to chat."))
    minimum = provider.minimum_examples
    if measured.training < minimum:
        told = {"n": fmt.number(measured.training), "minimum": fmt.number(minimum)}
        found.append(_("{n} examples are left to train on, {minimum} are needed. Add examples.", **told))
    return found + verdicts.refused(choice, version, measured)


def refusals(choice: Choice, dollars: float | None) -> list[TuneboardError]:
    """Return what the account or the budget says against it. A service may be asked: look at `obstacles` first."""
    found = []
    denied = account.refusal(choice.connection) if choice.connection else None
    if denied:
        found.append(denied)
    left = budget.budget()
    try:
        if left and dollars:
            left.demand(dollars)
    except OverBudget as over:
        found.append(over)
    return found


def advice(choice: Choice, version: Version, measured: Measured) -> list[str]:
    """Return what to know about this model with these examples."""
    found = []
    if choice.is_starter:
        found.append(
            _(
                "starter is made on the spot from your own examples. It is for trying things out, for style "
                "and for small closed tasks. It knows nothing else: for the rest choose an open model."
            )
        )
    if choice.is_tuned:
        found.append(_("This goes on from a tuned model: it keeps what that has learned, and may forget some of it."))
    if choice.priced and choice.priced.shutdown:
        told = {"service": choice.where, "day": fmt.day(choice.priced.shutdown)}
        found.append(_("{service} shuts down models tuned on it on {day}.", **told))
    longer = measured.count.over(choice.context) if measured.count and choice.context else 0
    if longer:
        told = {"n": fmt.number(longer), "limit": fmt.number(choice.context or 0)}
        found.append(_("{n} examples are longer than {limit} tokens; what is beyond is cut off.", **told))
    return found + verdicts.doubted(choice, version, measured)
