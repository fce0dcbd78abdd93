"""Engines to test against: in this process with fake children, or a process of its own that a test may kill."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

from lib.engine.__main__ import make_server
from lib.engine.app import Engine
from lib.engine.queue.queue import Trainers

HERE = Path(__file__).parent
TRAINER = Trainers((sys.executable, str(HERE / "fakes" / "trainer.py")))
WORKER = (sys.executable, str(HERE / "fakes" / "worker.py"))
KEY = "sk-test-key"
AUTH = {"Authorization": f"Bearer {KEY}"}
ENDED = ("succeeded", "failed", "cancelled")


class Running:
    """An engine that listens, and a client for it."""

    proto = 0
    """Protocol number of the listening socket."""

    def __init__(self, url: str, home: Path, key: str) -> None:
        self.url, self.home, self.key = url, home, key
        self.client = client_of(url, key)

    def upload(self, plan: str = "", examples: int = 12) -> str:
        return self.client.files.create(file=("train.jsonl", training_data(plan, examples)), purpose="fine-tune").id

    def create(self, plan: str = "", **fields: Any) -> FineTuningJob:
        return self.client.fine_tuning.jobs.create(model="starter", training_file=self.upload(plan), **fields)

    def wait(self, job_id: str, reached: Callable[[FineTuningJob], bool] = lambda job: job.status in ENDED) -> Any:
        return eventually(lambda: self.client.fine_tuning.jobs.retrieve(job_id), reached)

    def events(self, job_id: str) -> list[Any]:
        """Return a job's events, oldest first."""
        return self.client.fine_tuning.jobs.list_events(job_id, limit=1000).data[::-1]

    def steps(self, job_id: str) -> list[int]:
        return [event.data["step"] for event in self.events(job_id) if event.type == "metrics"]


def client_of(url: str, key: str = KEY) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20, _strict_response_validation=True)


def training_data(plan: str = "", examples: int = 12) -> bytes:
    prompts = [plan or "hello", *(f"hello {i}" for i in range(1, examples))]
    return b"".join(json.dumps({"prompt": p, "completion": " world"}).encode() + b"\n" for p in prompts)


def preference_data(plan: str = "", examples: int = 12) -> bytes:
    """Return examples that prefer one answer to another."""
    prompts = [plan or "hello", *(f"hello {i}" for i in range(1, examples))]
    rows = (
        {
            "input": {"messages": [{"role": "user", "content": prompt}]},
            "preferred_output": [{"role": "assistant", "content": "world"}],
            "non_preferred_output": [{"role": "assistant", "content": "no"}],
        }
        for prompt in prompts
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def eventually(look: Callable[[], Any], reached: Callable[[Any], Any], seconds: float = 30) -> Any:
    """Look until `reached` is true of what is seen; the limit only ends a test that would hang."""
    deadline = time.monotonic() + seconds
    while not reached(seen := look()):
        assert time.monotonic() < deadline, f"still waiting: {seen}"
        time.sleep(0.02)
    return seen


def run_here(engine: Engine, home: Path, key: str) -> Iterator[Running]:
    server = make_server(engine, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, bool)
    listening = server.servers[0].sockets[0]
    running = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", home, key)
    running.proto = listening.proto
    yield running
    running.client.close()
    server.should_exit = True
    thread.join()


class Process(Running):
    """An engine in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "launch.py"), str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout
        line = json.loads(self.process.stdout.readline())
        super().__init__(f"http://127.0.0.1:{line['port']}", home, "any")

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.client.close()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
