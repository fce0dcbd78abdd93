"""What the Train page asks, what that becomes (a launch), and what it costs or takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from lib import library
from lib.datasets import jsonl
from lib.datasets.recipe import PREFERENCE, REINFORCEMENT
from lib.datasets.split import split
from lib.errors import TuneboardError
from lib.jobs import budget
from lib.jobs.launch import LaunchSpec, launch
from lib.library import Version
from lib.pricing import tokens
from lib.pricing.epochs import default_epochs
from lib.pricing.estimate import Estimate, Method, estimate_engine, estimate_hosted
from lib.pricing.tokens import TokenCount
from lib.ui import drafts, places
from lib.ui.train import knobs
from lib.ui.train.models import Choice, choices

KIND = "train"
FIELDS: dict[str, Any] = {
    "train_version": "",
    "train_model": "",
    "train_epochs": None,
    "train_batch": None,
    "train_rate": None,
    "train_beta": None,
    "train_suffix": "",
    "train_seed": 42,
    "train_split": 10,
    "train_metadata": "",
    **knobs.START,
}
"""Widget key -> what it starts from. None is "automatic"."""

METADATA_NAME, METADATA_VALUE, METADATA_PAIRS = 64, 512, 15
"""What OpenAI keeps with a job: characters of a name and of a value, and how many (the launch id is one of its 16)."""
REFUSED = "train_refused"
SUPERVISED: Method = "supervised"
DPO: Method = "dpo"
METHODS = {PREFERENCE: DPO, REINFORCEMENT: "reinforcement"}
"""How a model is trained on examples of these formats; on all others it is `SUPERVISED`."""


@dataclass(frozen=True)
class Measured:
    """The examples as they will be sent. Tokens are None where they can't be counted, and `trouble` says why."""

    training: int
    validation: int
    count: TokenCount | None
    trouble: dict[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """A launch and what it is expected to take."""

    spec: LaunchSpec
    measured: Measured
    estimate: Estimate | None

    @property
    def dollars(self) -> float | None:
        """Return what counts against a budget in US dollars."""
        return budget.cost(self.estimate.to_json(), {}) if self.estimate else None


def state() -> dict[str, Any]:
    """Return what the widgets hold."""
    return {key: st.session_state.get(key, start) for key, start in FIELDS.items()}


def plan(asked: dict[str, Any], version: Version, choice: Choice) -> Plan:
    """Return the launch that the form asks for. Automatic epochs become their number: what is shown is what is sent."""
    fraction = asked["train_split"] / 100
    measured = measure(version.id, fraction, asked["train_seed"], choice)
    epochs = asked["train_epochs"] or automatic_epochs(choice, measured)
    spec = LaunchSpec(
        connection=choice.connection.id if choice.connection else choice.service,
        model=choice.id,
        version_id=version.id,
        epochs=epochs,
        batch_size=asked["train_batch"] or "auto",
        learning_rate_multiplier=asked["train_rate"] or "auto",
        method=method_of(version),
        beta=(asked["train_beta"] or "auto") if method_of(version) == DPO else None,
        suffix=asked["train_suffix"].strip(),
        seed=asked["train_seed"],
        validation_fraction=fraction,
        knobs=knobs.turned(asked, choice),
        metadata=metadata_of(asked["train_metadata"]),
    )
    return Plan(spec, measured, quote(choice, measured.count, epochs, method_of(version)))


def asked_by(spec: LaunchSpec) -> dict[str, Any]:
    """Return what the widgets hold when they ask for this launch: an earlier job's, or a file's."""
    auto = {"train_epochs": spec.epochs, "train_batch": spec.batch_size, "train_rate": spec.learning_rate_multiplier}
    auto["train_beta"] = spec.beta or "auto"
    return FIELDS | {
        "train_version": spec.version_id,
        "train_model": f"{spec.connection}/{spec.model}",
        "train_suffix": spec.suffix,
        "train_seed": spec.seed or 0,
        "train_split": min(50, round(spec.validation_fraction * 20) * 5),
        "train_metadata": "\n".join(f"{name}={value}" for name, value in spec.metadata.items()),
        **{key: None if value == "auto" else value for key, value in auto.items()},
        **{f"train_knob_{name}": v for name, v in spec.knobs.items() if f"train_knob_{name}" in FIELDS},
    }


def metadata_of(text: str) -> dict[str, str]:
    """Return the pairs that were typed, one `name=value` a line; a line without "=" is a name with an empty value."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {name.strip()[:METADATA_NAME]: value.strip()[:METADATA_VALUE] for name, _equals, value in pairs if name}


def method_of(version: Version) -> str:
    """Return how a model is trained on a version, in OpenAI's words."""
    return METHODS.get(version.format, SUPERVISED)


def automatic_epochs(choice: Choice, measured: Measured) -> int:
    """Return the epochs we choose when none are asked for."""
    if choice.remote and choice.remote.auto_epochs and measured.count:
        return choice.remote.auto_epochs.reach(measured.count.total)
    return default_epochs(measured.training, choice.priced)


def quote(choice: Choice, count: TokenCount | None, epochs: int, method: str = SUPERVISED) -> Estimate | None:
    """Return dollars for a hosted model, minutes for one of the engine's; None without a count."""
    if count is None:
        return None
    if choice.priced:
        return estimate_hosted(count, choice.priced, epochs, method=DPO if method == DPO else SUPERVISED)
    speed = choice.remote.tokens_per_second if choice.remote else None
    overhead = choice.remote.overhead_seconds if choice.remote else None
    return estimate_engine(count, epochs, speed or 0.0, overhead or 0.0)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Choice: lambda choice: choice.key})
def measure(version_id: str, fraction: float, seed: int, choice: Choice) -> Measured:
    """Split the examples as the launch will, and count the tokens that are trained."""
    records = [record for _line, record in jsonl.read(library.version_bytes(version_id))]
    training, validation = split(records, fraction, seed)
    tokenizer = (choice.remote and choice.remote.tokenizer_path) or "characters"
    try:
        count = tokens.count(training, choice.id, kind="hosted" if choice.priced else "engine", tokenizer=tokenizer)
    except TuneboardError as error:
        return Measured(len(training), len(validation), None, error.to_json())
    return Measured(len(training), len(validation), count)


def start(draft_id: str) -> None:
    """Launch what the form holds now and go to the job. As a callback it runs before anything else of a click.

    Everything is read here, not where the button was drawn: a number typed just before the click counts.
    """
    asked = state()
    version, choice = library.version(asked["train_version"]), choices()[0].get(asked["train_model"])
    if version is None or choice is None:
        return  # the page draws itself without it and says so
    try:
        planned = plan(asked, version, choice)
        job = launch(draft_id, planned.spec, planned.estimate)
    except TuneboardError as error:
        st.session_state[REFUSED] = error
        return
    places.go("jobs", job=job.id)


def again(draft_id: str) -> None:
    """Go on with a new form that holds the same; the old one keeps its job."""
    drafts.renew(KIND, library.draft(draft_id, KIND) or {})


def copy(spec: LaunchSpec) -> None:
    """Open a new form that asks for the same as an earlier launch."""
    places.go(KIND, draft=library.new_draft(KIND, asked_by(spec)))
