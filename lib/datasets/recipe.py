"""The recipe: how rows become examples, kept with the dataset version and applied again when the model is asked.

A recipe is plain data. `Recipe.prompt` and `Recipe.messages` are the one place where a question is dressed as it was
in training; conversion and inference both go through them, so the two can't drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypedDict

COMPLETION = "completion"
CHAT = "chat"
PREFERENCE = "preference"
REINFORCEMENT = "reinforcement"


class Fix(TypedDict):
    """An accepted fix; `lib.datasets.fixes` says what its code and settings mean."""

    code: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """Column roles and the marks around texts. Every mark may be empty.

    A prompt is given its marks; a chat message is freed of them, should the file have them from an older format.
    """

    roles: dict[str, str] = field(default_factory=dict)
    format: str = COMPLETION
    separator: str = " ->"
    stop: str = ""
    system_prompt: str = ""
    joiner: str = ","
    leading_space: bool = False
    prompt_template: str = ""
    """Builds the prompt from columns by name, e.g. "{dynasty},{power},{mood}"; "" joins the prompt columns."""
    open_ended: bool = False
    """There is nothing to ask: prompts may be empty, and the model learns to write texts like these."""
    speakers: dict[str, str] = field(default_factory=dict)
    """Who says a line, where the name alone doesn't tell: name of a speaker -> role of a message."""
    fixes: list[Fix] = field(default_factory=list)
    """What was accepted, in order."""

    def prompt(self, text: str, system: str = "") -> str:
        """Return a prompt as it is trained and asked: system text, the text, the separator; nothing is put twice."""
        lead = system or self.system_prompt
        if lead and not text.startswith(lead):
            text = f"{lead}\n\n{text}"
        return text if text.endswith(self.separator) else text + self.separator

    def completion(self, text: str) -> str:
        """Return a completion as it is trained: leading space, the text, the stop; nothing is put twice."""
        if self.leading_space and not text[:1].isspace():
            text = f" {text}"
        return text if text.endswith(self.stop) else text + self.stop

    def bare_completion(self, text: str) -> str:
        """Return a completion without stop and leading space, as a chat message holds it."""
        if self.stop and text.endswith(self.stop):
            return text.removesuffix(self.stop).removeprefix(" ")
        return text

    def messages(self, text: str, system: str = "") -> list[dict[str, Any]]:
        """Return the messages that ask for an answer to `text`."""
        lead = system or self.system_prompt
        opening = [{"role": "system", "content": lead}] if lead else []
        return [*opening, {"role": "user", "content": text.removesuffix(self.separator)}]

    def to_json(self) -> dict[str, Any]:
        """Return a record that `from_json` turns back into this recipe."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Recipe:
        """Rebuild a stored recipe; keys of other versions are left aside, missing ones take their default."""
        known = {f.name for f in fields(cls)}
        held = {key: value for key, value in record.items() if key in known}
        if "open_ended" not in held:  # older recipes said it by leaving the separator out
            held["open_ended"] = held.get("format", COMPLETION) == COMPLETION and held.get("separator") == ""
        return cls(**held)
