"""DPO: learn from pairs of answers which one is preferred (Rafailov et al., arXiv 2305.18290, equation 7).

The reference is the model as the job found it. What it thinks of every answer is computed once, before the first step,
and kept in the job's folder: no second model is held in memory, and a resumed job goes on with the same numbers.
Promises that prompts are masked. Knows the loop's protocol (`Learns`), nothing about optimizers or checkpoints.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from lib.engine.training.data import Example, Record, cut_to, encode_chat, naming, teaches
from lib.engine.training.learner import Learner

REFERENCE = "reference.json"


@dataclass(frozen=True)
class Pair:
    """Two answers to the same conversation; `reference` holds their summed log-probabilities before training."""

    preferred: Example
    other: Example
    reference: tuple[float, float] = (0.0, 0.0)

    @property
    def ids(self) -> list[int]:
        """Every token that is read for this pair."""
        return self.preferred.ids + self.other.ids


def encode_pairs(
    tokenizer: Any, records: Sequence[tuple[int, Record]], limit: int, param: str
) -> tuple[list[Pair], int]:
    """Encode OpenAI's preference examples; return the pairs whose answers both fit, and how many were cut."""
    pairs: list[Pair] = []
    cut = 0
    for number, record in records:
        with naming(number, param):
            preferred, other = (
                _encode(tokenizer, record, answer) for answer in ("preferred_output", "non_preferred_output")
            )
        cut += max(len(preferred.ids), len(other.ids)) > limit
        pair = Pair(cut_to(preferred, limit), cut_to(other, limit))
        if teaches(pair.preferred) and teaches(pair.other):
            pairs.append(pair)
    return pairs, cut


def _encode(tokenizer: Any, record: Record, answer: str) -> Example:
    asked = record["input"]["messages"]
    return encode_chat(tokenizer, [*asked, *record[answer]], record["input"].get("tools"), first=len(asked))


class PreferenceLearner(Learner):
    """A learner whose loss is DPO's; its accuracy is the share of pairs where the preferred answer wins."""

    def __init__(self, model: Any, padding: int, beta: float, **options: Any) -> None:
        super().__init__(model, padding, **options)
        self._beta = beta

    def weigh(self, examples: Sequence[Any]) -> int:
        """Return what a batch's summed loss is divided by: its pairs."""
        return len(examples)

    def loss(self, examples: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Return summed loss, pairs where the preferred answer's reward is higher, and pairs."""
        preferred, other = self.log_probabilities(examples)
        before = torch.tensor([pair.reference for pair in examples], device=self.device)
        margin = self._beta * ((preferred - before[:, 0]) - (other - before[:, 1]))
        return -functional.logsigmoid(margin).sum(), (margin > 0).sum(), len(examples)

    def log_probabilities(self, pairs: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the summed log-probability of each pair's preferred answer, and of its other one."""
        answers = [pair.preferred for pair in pairs] + [pair.other for pair in pairs]
        logits, wanted, owners = self.logits(answers)
        each = -functional.cross_entropy(logits, wanted, reduction="none")
        sums = torch.zeros(len(answers), device=self.device).index_add(0, owners, each)
        return sums[: len(pairs)], sums[len(pairs) :]

    @torch.no_grad()
    def judge(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        """Return what the model thinks of each pair as it is."""
        self.model.eval()
        judged = [judgement for part in self.parts(pairs) for judgement in self._judge(part)]
        self.model.train()
        return judged

    def _judge(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        preferred, other = self.log_probabilities(pairs)
        return list(zip(preferred.tolist(), other.tolist(), strict=True))


def with_reference(
    folder: Path, sets: Sequence[Sequence[Pair]], learner: Callable[[], PreferenceLearner]
) -> list[list[Pair]]:
    """Give every pair its reference, from the job's folder if it was computed before, else by the untouched model."""
    file = folder / REFERENCE
    if not file.exists():
        judge = learner()
        part = file.with_suffix(f".{os.getpid()}.part")  # several processes may train one model together
        part.write_text(json.dumps([judge.judge(pairs) for pairs in sets]), encoding="utf-8")
        part.replace(file)
    found = json.loads(file.read_text(encoding="utf-8"))
    return [
        [replace(pair, reference=tuple(values)) for pair, values in zip(pairs, known, strict=True)]
        for pairs, known in zip(sets, found, strict=True)
    ]
