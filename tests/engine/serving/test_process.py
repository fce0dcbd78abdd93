"""The worker as the engine sees it: a process, a line of JSON at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lib.config import ROOT

pytestmark = pytest.mark.slow


def test_the_worker_answers_over_pipes_and_ends_with_its_input(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lib.engine.serving"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"id": "r1", "op": "generate", "model": str(folder), "prompt": "唐朝 ->", "max_tokens": 5, "seed": 1}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        events = [json.loads(process.stdout.readline())]
        while events[-1]["event"] != "done":
            events.append(json.loads(process.stdout.readline()))
        assert events[0]["event"] == "start"
        assert events[-1]["completion_tokens"] == 5
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
