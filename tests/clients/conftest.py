"""An engine with one small tuned model, and a way to run another client's script against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from lib.config import ROOT

HERE = Path(__file__).parent
CLIENTS = Path(os.environ.get("TUNEBOARD_CLIENTS", ROOT / ".clients"))
"""A folder with `py` (a virtual environment of requirements-clients.txt) and `node_modules`."""
KEY = "sk-clients"
ROWS = [
    {
        "messages": [
            {"role": "system", "content": "You name colours."},
            {"role": "user", "content": f"item {n}"},
            {"role": "assistant", "content": "red" if n % 2 else "blue"},
        ]
    }
    for n in range(24)
]

Run = Callable[..., dict[str, Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip everything here on a machine without the clients."""
    if not (CLIENTS / "py").is_dir():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="other clients are not installed: see `make clients`"))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start an engine, train a starter for an epoch, and yield what a client needs to know."""
    home = tmp_path_factory.mktemp("clients")
    command = [sys.executable, "-m", "lib.engine", "--home", str(home), "--exit-with-parent"]
    environment = os.environ | {"TUNEBOARD_ENGINE_API_KEY": KEY}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True
    ) as process:
        assert process.stdout
        url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
        train = home / "train.jsonl"
        train.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
        with OpenAI(base_url=url, api_key=KEY) as client:
            job = _train(client, train)
        yield {
            "TUNEBOARD_URL": url,
            "TUNEBOARD_KEY": KEY,
            "TUNEBOARD_MODEL": job.fine_tuned_model or "",
            "TUNEBOARD_JOB": job.id,
            "TUNEBOARD_TRAIN": str(train),
        }
        process.communicate()


def _train(client: OpenAI, train: Path) -> Any:
    file = client.files.create(file=train, purpose="fine-tune")
    knobs = {"n_epochs": 1}
    job = client.fine_tuning.jobs.create(
        model="starter", training_file=file.id, validation_file=file.id, hyperparameters=knobs
    )
    deadline = time.monotonic() + 180
    while job.status not in ("succeeded", "failed", "cancelled"):
        assert time.monotonic() < deadline, "the job of the fixture takes too long"
        time.sleep(0.2)
        job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "succeeded", job.error
    return job


@pytest.fixture
def run(engine: dict[str, str], tmp_path: Path) -> Run:
    """Run a client's script with the engine's address in its environment; return the JSON of its last line."""

    def run_script(name: str, **environment: str) -> dict[str, Any]:
        script = HERE / "scripts" / name
        tool = "node" if name.endswith(".mjs") else str(CLIENTS / "py" / "bin" / "python")
        if name.endswith(".mjs"):  # node looks for packages beside the script
            script = tmp_path / name
            script.write_text((HERE / "scripts" / name).read_text(encoding="utf-8"), encoding="utf-8")
            (tmp_path / "node_modules").symlink_to(CLIENTS / "node_modules")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "TUNEBOARD_"))}
        done = subprocess.run(
            [tool, str(script)],
            env=kept | engine | {"HOME": str(tmp_path)} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return told

    return run_script
