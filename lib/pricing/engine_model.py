"""A model folder of the engine as far as its tokens go: tokenizer.json and chat template, read without its weights.

Tokens and what of them is trained are those of the engine's trainer (`lib/engine/training/data.py`): a begin token
where the tokenizer puts one, no special token out of what people wrote, an end token behind what is learnt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import Encoding, Tokenizer

from lib.pricing.chat_template import FALLBACK, ChatTemplate, Stretch
from lib.pricing.encodings import sound
from lib.pricing.errors import UnreadableTokenizer

NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


class Token(NamedTuple):
    """One token: its place in the text of the example, and what the trainer does with it."""

    start: int
    end: int
    trained: bool
    special: bool
    whose: str
    """Role that wrote it, `prompt` or `completion`; empty for what the template writes."""


@dataclass(frozen=True)
class Encoded:
    """An example as the model sees it."""

    text: str
    tokens: list[Token]


@dataclass(frozen=True)
class Chat:
    """A chat in its template's words."""

    text: str
    targets: list[Stretch]
    """What is learnt."""
    said: list[tuple[Stretch, str]]
    """Where people's own words lie, and the role that says them."""


class EngineModel:
    """The tokenizer and chat template of one folder."""

    def __init__(self, file: Path) -> None:
        self._reading = _tokenizer(file)
        self._plain = _tokenizer(file)
        self._plain.encode_special_tokens = True
        self._specials = {i: t.content for i, t in self._plain.get_added_tokens_decoder().items() if t.special}
        words = sorted(set(self._specials.values()), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, words))) if words else None
        config = _json(file.parent / "tokenizer_config.json")
        names = {name: _word(config[name]) for name in NAMED if config.get(name)}
        self.end = names.get("eos_token", "")
        self.begin = self._begin(names.get("bos_token"))
        plain, with_tools = _templates(file.parent, config)
        self.template = ChatTemplate(plain, with_tools, names, self._pattern)

    def encode(self, record: Mapping[str, Any]) -> Encoded:
        """Return a chat or a prompt and its completion; raises one of `chat_template.FAILURES` on anything else."""
        if "messages" in record:
            return self._chat(self.chat(record["messages"], record.get("tools")))
        prompt, completion = sound(record["prompt"]), sound(record["completion"])
        text = self.begin + prompt + completion + self.end
        edges = [0, len(self.begin), len(self.begin) + len(prompt), len(text) - len(self.end), len(text)]
        tokens = [Token(0, edges[1], trained=False, special=True, whose="prompt")] if self.begin else []
        tokens += self._part(text, (edges[1], edges[2]), trained=False, whose="prompt")
        tokens += self._part(text, (edges[2], edges[3]), trained=True, whose="completion")
        if self.end:
            tokens.append(Token(edges[3], edges[4], trained=True, special=True, whose="completion"))
        return Encoded(text, tokens)

    def count(self, text: str) -> int:
        """Return the tokens of a text alone."""
        return len(self._plain.encode(sound(text), add_special_tokens=False).ids)

    def chat(self, messages: Sequence[Mapping[str, Any]], tools: object = None) -> Chat:
        """Return messages in the template's words; raises one of `chat_template.FAILURES` if it can't be."""
        chat = self.template.conversation(messages, tools)
        pairs = list(zip(messages, chat.contents, chat.targets, strict=True))
        return Chat(
            chat.text,
            [target for message, _, target in pairs if target and message.get("weight") != 0],
            [(place, str(message["role"])) for message, place, _ in pairs if place],
        )

    def starts(self, chat: Chat) -> list[int]:
        """Return where each token of a chat begins."""
        return [at + start for at, encoding in self._readings(chat) for start, _end in encoding.offsets]

    def _chat(self, chat: Chat) -> Encoded:
        tokens = [token for at, encoding in self._readings(chat) for token in self._of(encoding, at)]
        return Encoded(chat.text, list(_marked(tokens, chat.targets, chat.said)))

    def _readings(self, chat: Chat) -> Iterator[tuple[int, Encoding]]:
        """Yield the encodings of a chat's text, piece by piece, with the place where each begins.

        What looks like a special token in people's words is read as text; what the template writes stays special.
        """
        at = 0
        lookalikes = [found.span() for place, _ in chat.said for found in self._lookalikes(chat.text, place)]
        for start, end in [*lookalikes, (len(chat.text), len(chat.text))]:
            for place, tokenizer in (((at, start), self._reading), ((start, end), self._plain)):
                if place[0] < place[1]:
                    yield place[0], tokenizer.encode(sound(chat.text[slice(*place)]), add_special_tokens=False)
            at = end

    def _part(self, text: str, place: Stretch, *, trained: bool, whose: str) -> list[Token]:
        encoding = self._plain.encode(text[slice(*place)], add_special_tokens=False)
        return [token._replace(trained=trained, whose=whose) for token in self._of(encoding, place[0])]

    def _of(self, encoding: Encoding, at: int) -> Iterator[Token]:
        for number, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            yield Token(at + start, at + end, trained=False, special=number in self._specials, whose="")

    def _lookalikes(self, text: str, place: Stretch) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(text, *place) if self._pattern else iter(())

    def _begin(self, word: str | None) -> str:
        """Return the begin token if the tokenizer puts one before a text."""
        first = self._reading.encode("", add_special_tokens=True).ids[:1]
        return word if word and first == [self._reading.token_to_id(word)] else ""


def load(place: str) -> EngineModel:
    """Return the model of a folder, or of the folder that a tokenizer.json lies in. Raises `UnreadableTokenizer`."""
    file = Path(place) / "tokenizer.json" if Path(place).is_dir() else Path(place)
    return _load(file, file.stat().st_mtime_ns if file.is_file() else 0)


@lru_cache(maxsize=8)
def _load(file: Path, _changed: int) -> EngineModel:
    try:
        return EngineModel(file)
    except (LookupError, TypeError, ValueError, AttributeError) as problem:  # a configuration of another shape
        raise UnreadableTokenizer(file=file.parent.name, detail=repr(problem)) from problem


def _marked(tokens: list[Token], targets: list[Stretch], said: list[tuple[Stretch, str]]) -> Iterator[Token]:
    """Say of each token whether it is trained and who said it; all three are in the order of the text."""
    target, speaker = 0, 0
    for token in tokens:
        while target < len(targets) and targets[target][1] <= token.start:
            target += 1
        while speaker < len(said) and said[speaker][0][1] <= token.start:
            speaker += 1
        trained = target < len(targets) and targets[target][0] <= token.start
        spoken = speaker < len(said) and said[speaker][0][0] <= token.start
        yield token._replace(trained=trained, whose=said[speaker][1] if spoken else "")


def _templates(folder: Path, config: Mapping[str, Any]) -> tuple[str, str]:
    """Return the template for chats and the one for chats with tools, as the transformers library finds them."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        source = file.read_text("utf-8")
        return source, source
    found = config.get("chat_template")
    if isinstance(found, list):
        named = {entry["name"]: entry["template"] for entry in found}
        plain = named.get("default") or FALLBACK
        return plain, named.get("tool_use", plain)
    return (found, found) if isinstance(found, str) and found else (FALLBACK, FALLBACK)


def _tokenizer(file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as problem:  # the library raises bare Exception for whatever is wrong
        raise UnreadableTokenizer(file=file.name, detail=str(problem)) from problem
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _word(entry: str | Mapping[str, Any]) -> str:
    return entry if isinstance(entry, str) else str(entry["content"])
