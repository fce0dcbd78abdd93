"""The datasets that come with the project: written for it, small, each teaching one thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lib.config import SAMPLES as FOLDER
from lib.i18n import N_


@dataclass(frozen=True)
class Sample:
    """A file in `data/samples/`. `title` and `lesson` are English source strings; `ask` is tried in the playground."""

    key: str
    file: Path
    title: str
    lesson: str
    ask: str


SAMPLES = [
    Sample(
        key="stories",
        file=FOLDER / "stories.csv",
        title=N_("Hero and monster stories"),
        lesson=N_("Several short columns (dynasty, power, mood) become one prompt; the story is the completion."),
        ask="唐,隐形,轻松",
    ),
    Sample(
        key="sarcastic_facts",
        file=FOLDER / "sarcastic_facts.jsonl",
        title=N_("A sarcastic chatbot that knows its facts"),
        lesson=N_("Chat messages with a system prompt teach a tone of voice while the facts stay right."),
        ask="Why do cats purr?",
    ),
    Sample(
        key="headlines",
        file=FOLDER / "headlines.jsonl",
        title=N_("Sports headlines to JSON"),
        lesson=N_("Answers in one strict format teach a model to extract fields that a program can read."),
        ask="Mirela Kovac wins the Sandhaven Open in three sets",
    ),
    Sample(
        key="products",
        file=FOLDER / "products.xlsx",
        title=N_("Product attributes to product copy"),
        lesson=N_(
            "A workbook of attributes becomes prompts; the product text beside them is what the model learns to write."
        ),
        ask="连衣裙,雪纺,碎花,法式,约会",
    ),
    Sample(
        key="listener",
        file=FOLDER / "listener.yaml",
        title=N_("A supportive listener"),
        lesson=N_("Questions with answers in YAML become prompts and completions: a warm tone that knows its limits."),
        ask="I feel tired all the time. What can I do?",
    ),
]


def sample(key: str) -> Sample | None:
    """Return the sample of that key, or None."""
    return next((s for s in SAMPLES if s.key == key), None)
