"""Runs the real command in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli(tmp_path):
    """Run `python -m lib.cli`; the files lie in `tmp_path`, standard input is a closed pipe."""

    def run(*arguments, stdin=""):
        command = [sys.executable, "-m", "lib.cli", *map(str, arguments)]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", input=stdin, timeout=120, check=False
        )

    return run


@pytest.fixture
def asked(cli):
    """Run a command with --json; return its exit status and its answer."""

    def run(*arguments):
        done = cli(*arguments, "--json")
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
def write(tmp_path):
    """Write a file of examples, or of text; return its path."""

    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        if not isinstance(content, str):
            content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in content)
        path.write_bytes(content.encode(encoding))
        return path

    return write


QUESTIONS = (
    "stars",
    "rivers",
    "bread",
    "clocks",
    "trees",
    "music",
    "snow",
    "glass",
    "horses",
    "letters",
    "rope",
    "salt",
)


@pytest.fixture
def pairs():
    """Twelve different questions with answers of their own."""
    return [(f"What are {word} good for?", f"People have used {word} for ages: {word * 3}.") for word in QUESTIONS]


@pytest.fixture
def chat(pairs):
    """Twelve plain conversations."""
    return [
        {"messages": [{"role": "user", "content": ask}, {"role": "assistant", "content": say}]} for ask, say in pairs
    ]
