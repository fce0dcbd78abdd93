"""Compose hero-and-monster stories from the hand-written parts beside this file.

The same parts always give the same stories: three for every dynasty and power, each in another mood. What reads well
is decided in the YAML files; this module only deals the parts out evenly and fits them together.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SEED = 20
MOODS_A_PAIR = 3
"""Stories for each dynasty and power, all in different moods."""


@dataclass(frozen=True)
class Story:
    dynasty: str
    power: str
    mood: str
    text: str


@dataclass
class Decks:
    """Deal from named piles so that nothing comes twice before everything came once."""

    rng: random.Random
    piles: dict[str, list[Any]] = field(default_factory=dict)

    def deal(self, name: str, cards: Sequence[Any]) -> Any:
        pile = self.piles.setdefault(name, [])
        if not pile:
            pile.extend(self.rng.sample(cards, len(cards)))
        return pile.pop()


@dataclass(frozen=True)
class Parts:
    world: dict[str, Any]
    powers: dict[str, Any]
    moods: dict[str, Any]


def read_parts() -> Parts:
    """Read the hand-written parts."""
    folder = Path(__file__).parent
    world, powers, moods = (
        yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("world", "powers", "moods")
    )
    return Parts(world, powers, moods)


def keys(parts: Parts) -> Iterator[tuple[str, str, str]]:
    """Yield every dynasty, power and mood that gets a story; each mood is used equally often for each power."""
    moods = list(parts.moods)
    for i, dynasty in enumerate(parts.world["dynasties"]):
        for j, power in enumerate(parts.powers):
            for k in range(MOODS_A_PAIR):
                yield dynasty, power, moods[(i + j + MOODS_A_PAIR * k) % len(moods)]


def compose(parts: Parts, decks: Decks, dynasty: str, power: str, mood: str) -> str:
    """Write one story: who and where, the danger, what the power does, how it ends."""
    world, lines, tone = parts.world, parts.powers[power], parts.moods[mood]
    era = world["dynasties"][dynasty]
    setting = decks.deal(f"setting {dynasty}", era["settings"])
    hero = decks.deal(f"hero {dynasty}", era["heroes"])
    monster = decks.deal(f"monster {setting['terrain']}", world["monsters"][setting["terrain"]])
    opening = decks.deal(f"opening {mood}", world["openings"])
    turns = [turn for plot in tone["plots"] for turn in lines.get(plot, [])]
    turn = decks.deal(f"turn {power} {tone['plots']}", turns)
    pieces = {
        name: decks.deal(f"{name} {mood}", tone[name]) for name in ("air", "alarm", "spark", "end") if name in tone
    }
    pieces |= {
        "secret": decks.deal(f"secret {power}", lines["secret"]),
        "enter": decks.deal(f"enter {monster['name']}", monster["enter"]),
        "season": decks.deal("season", world["seasons"]),
        "trait": decks.deal("trait", world["traits"]),
    }
    facts = {**setting, **hero, "monster": monster["name"], "label": era["label"]}
    paragraphs = (opening["first"], opening["second"], turn, pieces["end"])
    return "\n".join(fill(paragraph, pieces, facts) for paragraph in paragraphs)


def fill(paragraph: str, pieces: dict[str, str], facts: dict[str, str]) -> str:
    """Put the pieces into a paragraph and the facts into both."""
    told = {name: piece.format(**facts) for name, piece in pieces.items()}
    return paragraph.format(**told, **facts)


def stories() -> list[Story]:
    """Write all stories, in an order that mixes dynasties, powers and moods."""
    parts = read_parts()
    decks = Decks(random.Random(SEED))  # noqa: S311  a fixed seed is what makes the file reproducible
    told = [Story(*key, compose(parts, decks, *key)) for key in keys(parts)]
    return decks.rng.sample(told, len(told))
