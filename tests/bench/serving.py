"""The engine's own road (HTTP, engine, worker) beside a bare `generate` of the same model in a process of its own.

Requests go over one connection that stays open, and the clock runs from sending the request to the first text; bare,
from the call of `generate` to its first token. Both write with as many threads and take turns, so that a change in the
machine's speed meets both. A server that says one word at once shows how much of a first token is HTTP's alone.
Sixteen streams are held against the same sixteen one after the other.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from lib.config import ROOT
from lib.datasets.files.readers import read_table
from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.convert import convert
from lib.datasets.shapes.suggest import suggest_recipe
from tests.bench.figures import Figure

TURNS = 60
TOKENS = 120
STREAMS = 16
MODEL = "bench"


@dataclass(frozen=True)
class Timing:
    """One answer: seconds to the first text, seconds to the end, tokens."""

    first: float
    whole: float
    tokens: int

    @property
    def pace(self) -> float:
        """Return tokens per second after the first."""
        return (self.tokens - 1) / (self.whole - self.first)


def measure() -> Iterator[Figure]:
    """Yield first token and pace of one stream against bare `generate`, and sixteen streams against one by one."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        prompts = make_starter(home / "models" / MODEL)
        with engine(home) as port, bare(home / "models" / MODEL) as beside, bare_stream() as floor:
            ask(HTTPConnection("127.0.0.1", port), prompts[0])  # libraries load: an idle connection would be closed
            ask_bare(beside, prompts[0])
            connection, floor_connection = HTTPConnection("127.0.0.1", port), HTTPConnection("127.0.0.1", floor)
            ours, reference, at_once = [], [], []
            for turn in range(TURNS + 3):
                prompt = prompts[turn % len(prompts)]
                ours.append(ask(connection, prompt))
                reference.append(ask_bare(beside, prompt))
                at_once.append(ask(floor_connection, prompt))
            yield from one_stream(ours[3:], reference[3:])
            yield first_token("serving, first token of HTTP alone, p50", at_once[3:], reference[3:])
            singly, together = [], []
            for _ in range(3):
                singly.append(pace_of(port, prompts, at_once=1))
                together.append(pace_of(port, prompts, at_once=STREAMS))
    yield Figure(
        f"serving, {STREAMS} streams, all", max(together), max(singly), "tokens/s", "the same, one after the other"
    )


def one_stream(ours: list[Timing], reference: list[Timing]) -> Iterator[Figure]:
    """Yield the medians of single answers."""
    pace, bare_pace = (statistics.median(t.pace for t in timings) for timings in (ours, reference))
    yield first_token("serving, first token, p50", ours, reference)
    yield Figure("serving, one stream, p50", pace, bare_pace, "tokens/s", "a bare generate call")


def first_token(name: str, ours: list[Timing], reference: list[Timing]) -> Figure:
    """Return the medians of the first text."""
    first, bare_first = (statistics.median(t.first for t in timings) * 1000 for timings in (ours, reference))
    return Figure(name, first, bare_first, "ms", "a bare generate call")


def make_starter(folder: Path) -> list[str]:
    """Make a starter for the stories that has learned nothing, which is as fast; return prompts to ask it."""
    from lib.engine.training.starter import make_model, texts_of
    from lib.engine.training.tokenizer import train_tokenizer

    file = next(s.file for s in SAMPLES if s.key == "stories")
    table = read_table(file.read_bytes(), file.name)
    records = [example.record for example in convert(table, suggest_recipe(table)).examples]
    tokenizer = train_tokenizer(texts_of(list(enumerate(records))))
    folder.mkdir(parents=True)
    make_model(tokenizer, 1).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return [str(record["prompt"]) for record in records]


@contextmanager
def engine(home: Path) -> Iterator[int]:
    """Run an engine whose base is the starter; yield its port."""
    command = [sys.executable, "-m", "lib.engine", "--home", str(home / "engine"), "--exit-with-parent"]
    environment = {"TUNEBOARD_MODELS": str(home / "models")}
    with _child(command, environment) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())["port"]


@contextmanager
def bare(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `generate` in a process that answers prompts, a line each."""
    with _child([sys.executable, "-m", "tests.bench.bare_generate", str(folder), str(TOKENS)], {}) as process:
        yield process


@contextmanager
def bare_stream() -> Iterator[int]:
    """Run a server that says one word at once; yield its port."""
    with _child([sys.executable, "-m", "tests.bench.bare_stream"], {}) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())["port"]


@contextmanager
def _child(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    import os

    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin
            process.stdin.close()


def ask(connection: HTTPConnection, prompt: str) -> Timing:
    """Stream one completion that goes on to its limit: the end is made unlikely."""
    body = {"model": MODEL, "prompt": prompt, "max_tokens": TOKENS, "stream": True, "temperature": 0.8, "seed": 1}
    sent = json.dumps(body | {"stream_options": {"include_usage": True}})
    began = time.perf_counter()
    connection.request(
        "POST", "/v1/completions", sent, {"Content-Type": "application/json", "Authorization": "Bearer x"}
    )
    answer = connection.getresponse()
    first, tokens = 0.0, 0
    while line := answer.readline():
        if first == 0 and b'"text":' in line:
            first = time.perf_counter() - began
        if b'"completion_tokens"' in line:
            tokens = json.loads(line.removeprefix(b"data: "))["usage"]["completion_tokens"]
    if not tokens:
        raise RuntimeError(f"the engine answered {answer.status}")
    return Timing(first, time.perf_counter() - began, tokens)


def ask_bare(process: subprocess.Popen[str], prompt: str) -> Timing:
    """Have `generate` write an answer of the same length."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(prompt) + "\n")
    process.stdin.flush()
    first, whole = json.loads(process.stdout.readline())
    return Timing(first, whole, TOKENS)


def pace_of(port: int, prompts: list[str], at_once: int) -> float:
    """Return the tokens per second of sixteen answers, so many at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        timings = list(pool.map(lambda prompt: ask(HTTPConnection("127.0.0.1", port), prompt), prompts[:STREAMS]))
    return sum(timing.tokens for timing in timings) / (time.perf_counter() - began)
