"""What `starter` reaches: `python -m tests.bench.starter [FILE [EPOCHS [SEED]]]`; without them the stories, automatic.

Held-out accuracy stands beside that of a table of the character most often seen after the last two; for the stories,
how often the asked dynasty and power are named stands beside chance.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from lib.datasets import jsonl
from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.split import split
from lib.engine.training.job import train
from lib.engine.training.report import Reporter
from lib.engine.training.spec import read_spec
from tests.bench.figures import HEADER, Figure

STORIES: Path = next(sample.file for sample in SAMPLES if sample.key == "stories")
ASKED = 60
TEMPERATURE = 0.6
LONGEST = 330
Records = Sequence[dict[str, Any]]


def measure(file: Path = STORIES, epochs: int | str = "auto", seed: int = 42) -> Iterator[Figure]:
    """Yield how long a job takes, its best held-out loss and accuracy, and how well it follows the prompt."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    table = read_table(file.read_bytes(), file.name)
    recipe = suggest_recipe(table)
    records = [example.record for example in convert(table, recipe).examples]
    training, held_out = split(records, 0.1, 42)
    with tempfile.TemporaryDirectory() as folder:
        seconds, best = learn(Path(folder), training, held_out, epochs, seed)
        yield Figure("starter, a job with its start", seconds, 60, "s", "the goal for two cores")
        yield Figure(
            "starter, held-out accuracy",
            100 * best["full_valid_mean_token_accuracy"],
            100 * table_of_pairs(training, held_out),
            "%",
            "the likeliest character after two",
        )
        yield Figure("starter, held-out loss", best["full_valid_loss"], best["first"], "nats", "after one epoch")
        if file == STORIES:
            columns = [sorted(set(column)) for column in zip(*(row[:3] for row in table.rows), strict=True)]
            for name, share, chance in follow(Path(folder) / "model", columns, recipe.separator):
                yield Figure(f"starter, asked {name} named", 100 * share, 100 * chance, "%", "chance")


def learn(
    folder: Path, training: Records, held_out: Records, epochs: int | str, seed: int
) -> tuple[float, dict[str, float]]:
    """Train as a job does; return its seconds and the metrics of its best epoch, with the `first` epoch's loss."""
    for name, records in (("training", training), ("validation", held_out)):
        (folder / f"{name}.jsonl").write_bytes(jsonl.write(records))
    spec = {
        "job_id": "bench",
        "base": {"kind": "starter"},
        "training_file": str(folder / "training.jsonl"),
        "validation_file": str(folder / "validation.jsonl"),
        "hyperparameters": {"n_epochs": epochs, "batch_size": "auto", "learning_rate_multiplier": "auto"},
        "seed": seed,
        "output": str(folder / "model"),
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    began = time.perf_counter()
    with Reporter(folder / "events.jsonl") as report:
        train(read_spec(folder), report)
    seconds = time.perf_counter() - began
    lines = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    epochs = [line for line in lines if line.get("full_valid_loss") is not None and line["kind"] == "metrics"]
    return seconds, min(epochs, key=lambda line: line["full_valid_loss"]) | {"first": epochs[0]["full_valid_loss"]}


def table_of_pairs(training: Records, held_out: Records) -> float:
    """Return how often the character most seen after the last two in training is the next one in held-out text."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in (record["prompt"] + record["completion"] for record in training):
        for at in range(2, len(text)):
            seen[text[at - 2 : at]][text[at]] += 1
    hits = [
        seen[text[at - 2 : at]].most_common(1)[:1] == [(text[at], seen[text[at - 2 : at]][text[at]])]
        for text, start in ((r["prompt"] + r["completion"], len(r["prompt"])) for r in held_out)
        for at in range(start, len(text))
        if text[at - 2 : at] in seen
    ]
    return sum(hits) / sum(len(record["completion"]) for record in held_out)


def follow(folder: Path, columns: list[list[str]], separator: str) -> Iterator[tuple[str, float, float]]:
    """Yield for dynasty and power: how often a story names the one it was asked for, and how often chance would."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()
    chance = random.Random(1)  # noqa: S311 - prompts, not secrets
    torch.manual_seed(0)
    named: Counter[int] = Counter()
    for _turn in range(ASKED):
        wanted = [chance.choice(column) for column in columns]
        asked = tokenizer(",".join(wanted) + separator, return_tensors="pt", return_token_type_ids=False)
        written = model.generate(**asked, max_new_tokens=LONGEST, do_sample=True, temperature=TEMPERATURE)
        story = tokenizer.decode(written[0][asked["input_ids"].shape[1] :])
        named.update(at for at in (0, 1) if wanted[at] in story)
    for at, name in enumerate(("dynasty", "power")):
        yield name, named[at] / ASKED, 1 / len(columns[at])


if __name__ == "__main__":
    print(HEADER)
    given = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else STORIES
    for figure in measure(given, *map(int, sys.argv[2:])):
        print(figure.row(), flush=True)
