"""What "auto" is chosen by: `python -m tests.bench.auto [--base FOLDER] [--ways ...] [--times ...] [--sets ...]`.

Trains one model per dataset, way (starter, full, lora) and multiple of the automatic learning rate, and prints the
held-out loss and token accuracy of its best epoch. `docs/engine.md` keeps a table of it. Each run takes a minute or so
on two cores; without a folder only `starter` is trained, which needs none.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers.utils import logging

from lib.config import SAMPLES
from lib.datasets import jsonl
from lib.datasets.split import split
from lib.engine.training.job import train
from lib.engine.training.report import Reporter
from lib.engine.training.spec import read_spec

Record = dict[str, Any]


def headlines() -> list[Record]:
    """Sports headlines to JSON: 68 chats, written by hand."""
    lines = (SAMPLES / "headlines.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def tickets() -> list[Record]:
    """Sentences to one of five classes: 300 prompts, composed from parts."""
    chance = random.Random(1)  # noqa: S311 - examples, not secrets
    topics = {
        "billing": ["invoice", "refund", "second charge", "receipt", "price", "card"],
        "shipping": ["parcel", "courier", "tracking number", "delivery", "empty box", "address label"],
        "login": ["password", "sign-in page", "locked account", "code by mail", "user name", "session"],
        "bug": ["error message", "crash", "blank screen", "broken button", "frozen page", "wrong total"],
        "praise": ["kind reply", "quick help", "lovely colour", "fine quality", "new design", "good advice"],
    }
    forms = [
        "My {0} is about the {1}.",
        "Please look at the {1}, {0} writes.",
        "{0}: again the {1}!",
        "The {1}? {0} asks.",
    ]
    names = ["Ana", "Bo", "Chen", "Dara", "Emil", "Femi", "Gita", "Hugo"]
    return [
        {
            "prompt": chance.choice(forms).format(chance.choice(names), chance.choice(topics[topic])) + " ->",
            "completion": f" {topic}",
        }
        for topic in chance.choices(list(topics), k=300)
    ]


def waiters() -> list[Record]:
    """A waiter who repeats an order in a fixed manner: 120 chats, composed from parts."""
    chance = random.Random(2)  # noqa: S311
    dishes = ["soup", "noodles", "bread", "fish", "salad", "rice", "cake", "dumplings", "pie", "eggs"]
    drinks = ["tea", "water", "juice", "coffee", "milk", "beer"]
    wishes = ["without salt", "to take away", "very hot", "for a child", "with lemon"]
    records = []
    for _ in range(120):
        many, dish, drink, wish = (
            chance.randint(2, 9),
            chance.choice(dishes),
            chance.choice(drinks),
            chance.choice(wishes),
        )
        asked = chance.choice(
            ["{0} {1} and {2}, {3}.", "We want {2} and {0} {1}, {3}.", "Bring {0} times {1}, {3}, and {2}."]
        )
        cost = many * (len(dish) + 2) + len(drink)
        answer = f"Very well: {many} x {dish}, {wish}; and {drink}. That will be {cost} coins."
        records.append(
            {
                "messages": [
                    {"role": "system", "content": "You are a waiter who repeats each order and says what it costs."},
                    {"role": "user", "content": asked.format(many, dish, drink, wish)},
                    {"role": "assistant", "content": answer},
                ]
            }
        )
    return records


SETS: dict[str, Callable[[], list[Record]]] = {"headlines": headlines, "tickets": tickets, "waiters": waiters}


def learn(records: list[Record], base: Path | None, way: str, **knobs: Any) -> dict[str, Any]:
    """Train as a job does, a quarter held out; return the figures of its best epoch."""
    training, held_out = split(records, 0.25, 42)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, part in (("training", training), ("validation", held_out)):
            (folder / f"{file}.jsonl").write_bytes(jsonl.write(part))
        spec = {
            "job_id": "bench",
            "base": {"kind": "folder", "path": str(base)} if way != "starter" else {"kind": "starter"},
            "training_file": str(folder / "training.jsonl"),
            "validation_file": str(folder / "validation.jsonl"),
            "hyperparameters": knobs if way == "starter" else knobs | {"lora": way == "lora"},
            "seed": 42,
            "output": str(folder / "model"),
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        began = time.perf_counter()
        with Reporter(folder / "events.jsonl") as report:
            train(read_spec(folder), report)
        seconds = time.perf_counter() - began
        lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if line["kind"] == "metrics" and line["full_valid_loss"] is not None]
    used = next(line["hyperparameters"] for line in lines if line["kind"] == "resolved")
    rate = next(line["message"] for line in lines if "learning rate of" in line.get("message", "")).split()[-1]
    best = min(epochs, key=lambda line: line["full_valid_loss"])
    return {"seconds": seconds, "rate": rate.rstrip("."), "used": used, "best": best}


def main(arguments: list[str]) -> None:
    """Print a row for each run."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--ways", nargs="+", choices=["starter", "full", "lora"])
    parser.add_argument("--times", nargs="+", type=float, default=[0.3, 1.0, 3.0])
    parser.add_argument("--batch", type=int)
    given = parser.parse_args(arguments)
    print(
        f"{'set':<10} {'way':<8}{'times':>6}{'rate':>10}{'batch':>6}{'epochs':>7}{'best':>5}{'loss':>8}"
        f"{'accuracy':>9}{'seconds':>8}"
    )
    for name in given.sets:
        records = SETS[name]()
        for way in given.ways or (["full", "lora"] if given.base else ["starter"]):
            for times in given.times:
                got = learn(records, given.base, way, learning_rate_multiplier=times, batch_size=given.batch)
                used, best = got["used"], got["best"]
                print(
                    f"{name:<10} {way:<8}{times:>6g}{got['rate']:>10}{used['batch_size']:>6}{used['n_epochs']:>7}"
                    f"{best['epoch']:>5}{best['full_valid_loss']:>8.3f}{best['full_valid_mean_token_accuracy']:>9.3f}"
                    f"{got['seconds']:>8.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
