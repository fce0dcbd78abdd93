"""One way of working through a file, timed in a process of its own: `python -m tests.bench.ways WAY FILE [WORKERS]`.

Prints seconds, from the opening of the file to the answer; what a way has to load counts, what Python does to start
does not. Ours call the workbench; the others are written as plainly as one would.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lib.datasets.fixes import accept
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.source import Source, open_source
from lib.pricing.encodings import load
from lib.pricing.tokens import TokenModel
from lib.workbench.prepare import prepare
from lib.workbench.sample import SAMPLE_BYTES
from lib.workbench.survey import survey
from lib.workbench.traits import Traits

MODEL = TokenModel("gpt-4.1-2025-04-14", "hosted", "o200k_base")


def opened(path: Path) -> tuple[Source, Recipe]:
    """Open a file and let its recipe be suggested."""
    source = open_source(path, path.name, path.parent / "spools")
    return source, suggest_recipe(source.table)


def checks(path: Path, workers: int) -> None:
    """Ours: every rule, and what services refuse; no tokens."""
    survey(*opened(path), workers=workers, extra=(Traits,))


def tokens(path: Path, workers: int) -> None:
    """Ours: every rule, and the exact tokens of every example."""
    survey(*opened(path), model=MODEL, limit=65_536, workers=workers, extra=(Traits,))


def first(path: Path, workers: int) -> None:
    """Ours: a first answer from a sample, tokens included."""
    survey(*opened(path), model=MODEL, limit=65_536, workers=workers, extra=(Traits,), sample=SAMPLE_BYTES)


def fixes(path: Path, workers: int) -> None:
    """Ours: look, accept every fix that is offered, until none is, and write the file."""
    source, recipe = opened(path)
    recipe = replace(recipe, separator="", stop="")
    while offered := [f.fix for f in survey(source, recipe, workers=workers).findings if f.fix]:
        before = recipe
        for fix in offered:
            recipe = accept(recipe, fix)
        if recipe == before:
            break
    with tempfile.TemporaryDirectory() as folder:
        prepare(source, recipe, Path(folder) / "out.jsonl", workers=workers)


def parse(path: Path, _workers: int) -> None:
    """Plain: parse every line, and do nothing with it."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            json.loads(line)


def encode(path: Path, workers: int) -> float:
    """Plain: `encode_ordinary` over every text; they are parsed and shared out before the clock starts."""
    with path.open(encoding="utf-8") as file:
        said = [message["content"] for line in file for message in json.loads(line)["messages"]]
    began = time.perf_counter()
    load("o200k_base")
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    helpers = [context.Process(target=encode_all, args=(said[n::workers],)) for n in range(workers)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join()
    return time.perf_counter() - began


def encode_all(said: list[str]) -> None:
    """Encode some texts one after the other."""
    encode_text = load("o200k_base").encode_ordinary
    for text in said:
        len(encode_text(text))


def notebook(path: Path, _workers: int) -> None:
    """Plain: what notebooks do: all rows in memory, a few checks, then `encode` on every value, twice for answers."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    problems = sum(not any(m["role"] == "assistant" for m in row["messages"]) for row in rows)
    problems += sum(not m.get("content") for row in rows for m in row["messages"])
    encode_text = load("o200k_base").encode
    lengths = [3 + sum(3 + sum(len(encode_text(v)) for v in m.values()) for m in row["messages"]) for row in rows]
    taught = [len(encode_text(m["content"])) for row in rows for m in row["messages"] if m["role"] == "assistant"]
    print(problems, sum(lengths), sum(taught), file=sys.stderr)


def prefix(path: Path, _workers: int) -> None:
    """Plain: the prefix that all prompts share, grown by a character at a time, all rows looked at for each."""
    with path.open(encoding="utf-8") as file:
        prompts = [json.loads(line)["prompt"] for line in file]
    length = 0
    while all(prompt[: length + 1] == prompts[0][: length + 1] for prompt in prompts):
        length += 1


WAYS: dict[str, Callable[[Path, int], float | None]] = {
    way.__name__: way for way in (checks, tokens, first, fixes, parse, encode, notebook, prefix)
}


def main(name: str, path: str, workers: str = "1") -> None:
    """Time one way."""
    began = time.perf_counter()
    taken = WAYS[name](Path(path), int(workers))
    print(time.perf_counter() - began if taken is None else taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
