"""Records of a training file to token ids with a mask, and to batches in a fixed order.

Promises: only what the model has to write is trained (completions, assistant messages whose `weight` is not 0, and the
token that ends them); the order of batches depends on seed and epoch alone, so a resumed job goes on exactly where it
was. Knows no model.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError

from lib.engine.training import text
from lib.engine.training.report import TrainingProblem

IGNORED = -100
"""Label of a token that is read but not trained, the value torch's cross entropy skips."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One example as the model sees it."""

    ids: list[int]
    trained: list[bool]


@dataclass(frozen=True)
class Batch:
    """Examples as tensors of one shape: under one another and padded on the right, or in one row with `positions`."""

    ids: torch.Tensor
    labels: torch.Tensor
    owners: torch.Tensor
    """Which example, counted from 0, each place belongs to."""
    positions: torch.Tensor | None = None


def read_records(path: Path, param: str = "training_file") -> list[tuple[int, Record]]:
    """Return (line number, record) for each example of a JSONL file; refuse what is not one, naming the line."""
    with path.open("rb") as file:
        lines = [(number, line.removeprefix(_BOM)) for number, line in enumerate(file, 1) if line.strip()]
    return [(number, _record(number, line, param)) for number, line in lines]


def _record(number: int, line: bytes, param: str) -> Record:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TrainingProblem(f"Line {number} is not valid JSON: {error}.", param=param) from None
    if not isinstance(record, dict) or not any(keys <= record.keys() for keys in _KINDS.values()):
        raise TrainingProblem(
            f'Line {number} must be an object with "messages", with "prompt" and "completion", or with "input", '
            '"preferred_output" and "non_preferred_output".',
            param=param,
        )
    return record


_BOM = b"\xef\xbb\xbf"
_KINDS = {
    "chat": {"messages"},
    "completion": {"prompt", "completion"},
    "preference": {"input", "preferred_output", "non_preferred_output"},
}


def format_of(records: Sequence[tuple[int, Record]]) -> str:
    """Return "chat", "completion" or "preference"; raise `TrainingProblem` for a file without examples."""
    if not records:
        raise TrainingProblem("The file holds no example.", param="training_file")
    return next(kind for kind, keys in _KINDS.items() if keys <= records[0][1].keys())


def encode(tokenizer: Any, records: Sequence[tuple[int, Record]], limit: int, param: str) -> tuple[list[Example], int]:
    """Encode records, cut to `limit` tokens; return the examples that teach something, and how many were cut."""
    examples: list[Example] = []
    cut = 0
    for number, record in records:
        with naming(number, param):
            example = encode_record(tokenizer, record)
        cut += len(example.ids) > limit
        example = cut_to(example, limit)
        if teaches(example):
            examples.append(example)
    return examples, cut


@contextmanager
def naming(number: int, param: str) -> Iterator[None]:
    """Turn what goes wrong with an example, also in the model's chat template, into a problem that names its line."""
    try:
        yield
    except TemplateError as error:
        message = f"Line {number} cannot be read as an example: the model's chat template refuses it: {error}"
        raise TrainingProblem(message, param=param) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TrainingProblem(f"Line {number} cannot be read as an example: {error}.", param=param) from error


def cut_to(example: Example, limit: int) -> Example:
    """Return the beginning of an example, at most `limit` tokens."""
    return Example(example.ids[:limit], example.trained[:limit])


def teaches(example: Example) -> bool:
    """Tell whether some token of an example is trained; the first never is, nothing stands before it."""
    return any(example.trained[1:])


def encode_record(tokenizer: Any, record: Record) -> Example:
    """Encode one record with the mask of what is trained."""
    if "messages" in record:
        return encode_chat(tokenizer, record["messages"], record.get("tools"))
    prompt = text.prompt_ids(tokenizer, record["prompt"])
    completion = [*text.plain_ids(tokenizer, record["completion"]), tokenizer.eos_token_id]
    return Example(prompt + completion, [False] * len(prompt) + [True] * len(completion))


def encode_chat(tokenizer: Any, messages: Sequence[Record], tools: Any = None, *, first: int = 0) -> Example:
    """Encode a chat; of the assistant's messages, those from the `first` on whose weight is not 0 are trained."""
    chat = text.conversation(tokenizer, messages, tools)
    spans = [
        span
        for message, span in list(zip(messages, chat.targets, strict=True))[first:]
        if span is not None and message.get("weight") != 0
    ]
    tokens = text.encode_rendered(tokenizer, chat.text, chat.contents)
    trained = [any(start <= at < end for start, end in spans) for _, at, _ in tokens]
    return Example([token for token, _, _ in tokens], trained)


def batch_plan(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return which examples go together in this epoch, in order.

    Examples of like length share a batch (less padding), drawn from a window of a few hundred so that an epoch still
    mixes well; the batches are shuffled.
    """
    shuffle = random.Random(f"{seed}/{epoch}")  # noqa: S311 - an order, not a secret
    order = list(range(len(lengths)))
    shuffle.shuffle(order)
    plan: list[list[int]] = []
    for window in _cut(order, size * max(16, 256 // size)):
        plan += _cut(sorted(window, key=lambda i: lengths[i]), size)
    shuffle.shuffle(plan)
    return plan


def _cut(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def collate(examples: Sequence[Example], padding: int) -> Batch:
    """Put examples under one another, padded on the right: a causal model never looks there."""
    width = max(len(example.ids) for example in examples)
    ids = [example.ids + [padding] * (width - len(example.ids)) for example in examples]
    labels = [_labels(example) + [IGNORED] * (width - len(example.ids)) for example in examples]
    owners = torch.arange(len(examples)).unsqueeze(1).expand(-1, width)
    return Batch(torch.tensor(ids), torch.tensor(labels), owners)


def pack(examples: Sequence[Example], _padding: int) -> Batch:
    """Put examples behind one another in one row; where positions begin anew, attention does too."""
    ids = [token for example in examples for token in example.ids]
    labels = [label for example in examples for label in [IGNORED, *_labels(example)[1:]]]
    owners = [i for i, example in enumerate(examples) for _ in example.ids]
    positions = [position for example in examples for position in range(len(example.ids))]
    return Batch(*(torch.tensor([row]) for row in (ids, labels, owners, positions)))


def _labels(example: Example) -> list[int]:
    return [token if trained else IGNORED for token, trained in zip(example.ids, example.trained, strict=True)]


def micro_batches(examples: Sequence[Any], limit: int, most: int | None = None) -> Iterator[Sequence[Any]]:
    """Split a batch so that no part holds more than `limit` tokens, padding included, or more than `most` examples.

    A part has one example at least, however long.
    """
    part: list[Any] = []
    width = 0
    for example in examples:
        wider = max(width, len(example.ids))
        if part and (wider * (len(part) + 1) > limit or len(part) == most):
            yield part
            part, wider = [], len(example.ids)
        part.append(example)
        width = wider
    if part:
        yield part
