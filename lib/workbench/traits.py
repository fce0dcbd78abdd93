"""What examples hold that some service or other refuses, gathered in one look at each example.

Traits know no service: `lib.workbench.targets` holds them against what each one takes. So one pass over a dataset
answers for every service at once. Like a rule, traits of a piece of the file are pickled and merged in order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lib.datasets.rules.base import Context, Finding, Found, Rule, View

TAKEN_BY_ALL = frozenset({"system", "user", "assistant"})
MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"}
)
RECORD_KEYS = frozenset(
    {
        "prompt",
        "completion",
        "messages",
        "input",
        "preferred_output",
        "non_preferred_output",
        "tools",
        "functions",
        "parallel_tool_calls",
    }
)
PLAIN_TALKS = {("user", "assistant"), ("system", "user", "assistant")}
MOST_NAMES = 50
"""Keys of the user's own that are told apart; what comes after them counts under `OTHER_NAMES`."""
OTHER_NAMES = "…"
IMAGE_LIMITS = (10, 64)
"""Images in one example that some service takes at most."""
IMAGE_BYTES = 10_000_000
"""Bytes of one image that services take at most ("10 MB" in their pages)."""


class Traits(Rule):
    """Trait -> the examples that have it. A trait is a word, or a word and a detail such as `role:tool`.

    A rule that finds nothing wrong by itself: pass it to `survey` as one more, and read it from the report.
    """

    code = "traits"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.examples = 0
        self.formats: dict[str, int] = {}
        self.found: dict[str, Found] = {}

    def findings(self) -> list[Finding]:
        """Return nothing: what is a fault depends on the target."""
        return []

    def look(self, view: View) -> None:
        """See one example."""
        self.examples += 1
        if view.talk in PLAIN_TALKS or in_turns(view.talk):
            self.formats["chat"] = self.formats.get("chat", 0) + 1
            return
        kind = format_of(view.record)
        self.formats[kind] = self.formats.get(kind, 0) + 1
        for trait in set(traits_of(view.record)):
            self._found(trait).add(view)

    def merge(self, other: Traits) -> None:
        """Take over what was seen in the piece that follows."""
        self.examples += other.examples
        for kind, count in other.formats.items():
            self.formats[kind] = self.formats.get(kind, 0) + count
        for trait, found in other.found.items():
            self._found(trait).merge(Found(array("Q", found.rows), list(found.lines)))

    def of(self, trait: str) -> Found:
        """Return the examples that have a trait; none have one that was never seen."""
        return self.found.get(trait, Found())

    def named(self, word: str) -> dict[str, Found]:
        """Return detail -> examples of all traits that begin with a word, e.g. the roles of `role`."""
        start = f"{word}:"
        return {trait.removeprefix(start): found for trait, found in self.found.items() if trait.startswith(start)}

    def _found(self, trait: str) -> Found:
        if trait not in self.found:
            word = trait.partition(":")[0]
            if word != trait and len(self.named(word)) >= MOST_NAMES:
                trait = f"{word}:{OTHER_NAMES}"
        return self.found.setdefault(trait, Found())


def in_turns(roles: tuple[str, ...]) -> bool:
    """Say whether user and assistant speak in turns to the end, after a system text or none.

    An example with no more than that has no traits; most large files hold little else, and this takes a fifth of the
    time.
    """
    turns = roles[1:] if roles[:1] == ("system",) else roles
    return turns == ("user", "assistant") * (len(turns) // 2) and bool(turns)


def format_of(record: Mapping[str, Any]) -> str:
    """Return completion, chat, preference or reinforcement.

    Messages that end with a question and have fields of their own beside them are graded, not imitated.
    """
    if "completion" in record:
        return "completion"
    if "input" in record or "preferred_output" in record:
        return "preference"
    messages = record.get("messages") or []
    own = record.keys() - RECORD_KEYS
    asked = bool(messages) and isinstance(messages[-1], Mapping) and messages[-1].get("role") != "assistant"
    return "reinforcement" if own and asked else "chat"


def traits_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is remarkable in an example; a trait may come more than once."""
    graded = format_of(record) == "reinforcement"
    if not graded:
        yield from (f"field:{key}" for key in record if key not in RECORD_KEYS)
    if record.get("functions"):
        yield "functions"
    if record.get("tools") or record.get("functions"):
        yield "tools"
    if "parallel_tool_calls" in record:
        yield "parallel_tool_calls"
    if "messages" in record:
        yield from talk_traits(record["messages"])
        yield from (trait for trait in order_traits(record["messages"]) if not (graded and trait == "ends_unanswered"))
    elif "completion" not in record:
        yield from preference_traits(record)


def talk_traits(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the traits of messages one by one."""
    images, texts, parted = 0, False, False
    for message in messages:
        role = message.get("role")
        if role not in TAKEN_BY_ALL:
            yield f"role:{role}"
        content = message.get("content")
        if len(message) > 2 or not isinstance(content, str):
            yield from key_traits(message)
        if isinstance(content, list):
            parted = True
            for trait in part_traits(content, str(role), message.get("weight")):
                images += trait == "image"
                yield trait
        elif content:
            texts = texts or role != "system"
    if images and parted and texts:
        yield "parts_and_text"
    yield from (f"images_over:{limit}" for limit in IMAGE_LIMITS if images > limit)


def key_traits(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the keys of a message beside role and content say."""
    for key in message:
        if key not in MESSAGE_KEYS:
            yield f"key:{key}"
    if "name" in message:
        yield "name"
    if message.get("tool_calls") or message.get("function_call"):
        yield "tools"
    if message.get("function_call"):
        yield "functions"
    if "weight" in message:
        yield "weight"
        weight = message["weight"]
        if weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
            yield "weight_odd"
        elif weight == 0:
            yield "weight_zero"
        if message.get("role") != "assistant":
            yield "weight_misplaced"
    said = any(message.get(key) for key in ("content", "tool_calls", "function_call", "refusal"))
    if not said and message.get("role") == "assistant":
        yield "says_nothing"


def part_traits(content: list[Any], role: str, weight: Any) -> Iterator[str]:
    """Yield the traits of a message in parts; `image` once for each image."""
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else "?"
        if kind == "image_url":
            yield "image"
            if role != "user":
                yield "image_not_of_user"
            if weight == 1:
                yield "image_weighted"
            address = part.get("image_url")
            yield from image_traits(str(address.get("url", "") if isinstance(address, Mapping) else address))
        elif kind != "text":
            yield f"part:{kind}"


def image_traits(address: str) -> Iterator[str]:
    """Yield the traits of an image by its address. Base64 takes four characters for three bytes."""
    if not address.startswith("data:"):
        yield "image_linked"
        return
    kind, _comma, data = address.partition(",")
    name = kind.removeprefix("data:image/").partition(";")[0].lower()
    if name not in ("jpeg", "jpg", "png", "webp"):
        yield f"image_kind:{name[:20]}"
    if len(data) * 3 // 4 > IMAGE_BYTES:
        yield "image_heavy"


def order_traits(messages: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is unusual in the order of the roles. Tool calls and their results may stand in between."""
    before = ""
    for position, message in enumerate(messages):
        role = message.get("role")
        if role in ("system", "developer"):
            if position:
                yield "system_late"
            continue
        if role in ("user", "assistant"):
            if role == before or (role == "assistant" and not before):
                yield "not_alternating"
            before = str(role)
        else:  # the result of a call, which the assistant answers like a question
            before = "user"
    if before != "assistant":
        yield "ends_unanswered"


def preference_traits(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the traits of an example with a preferred and another answer."""
    asked = record.get("input")
    given = asked if isinstance(asked, Mapping) else {}
    if given.get("tools"):
        yield "tools"
    messages = given.get("messages") or []
    yield from talk_traits(messages)
    if messages and messages[-1].get("role") == "assistant":
        yield "asks_with_answer"
    for side in ("preferred_output", "non_preferred_output"):
        answers = record.get(side) or []
        yield from talk_traits(answers)
        if [answer.get("role") for answer in answers] != ["assistant"]:
            yield "side_not_one_answer"
