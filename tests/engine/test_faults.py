"""Faults of the machine, met by a real engine process: kills at any moment, a full or locked store, few descriptors."""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import psutil
import pytest
from sqlalchemy import select

from lib.config import ROOT
from lib.engine.jobs import progress
from lib.engine.store import Store
from lib.engine.tables import FileRow, JobRow
from tests.engine.support import Process, client_of, eventually

pytestmark = pytest.mark.slow
Start = Callable[[], Process]
MOMENTS = int(os.environ.get("TUNEBOARD_TEST_KILLS", "20"))


def kill_tree(engine: Process) -> None:
    """Kill an engine and all that it started at once, as a power cut does."""
    root = psutil.Process(engine.process.pid)
    tree = [*root.children(recursive=True), root]
    for process in tree:
        process.suspend()
    for process in tree:
        process.kill()
    psutil.wait_procs(tree[:-1], timeout=5)
    engine.close()


def check_home(home: Path) -> None:
    """Assert that the store is whole, and that what has a final name is whole too."""
    connection = sqlite3.connect(home / "engine.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    sizes = dict(connection.execute("SELECT id, bytes FROM files"))
    connection.close()
    assert {file_id: (home / "files" / file_id).stat().st_size for file_id in sizes} == sizes
    for weights in home.glob("jobs/*/model/*.safetensors"):
        data = weights.read_bytes()
        length = int.from_bytes(data[:8], "little")
        ends = [tensor["data_offsets"][1] for tensor in json.loads(data[8 : 8 + length]).values()]
        assert len(data) == 8 + length + max(ends)


def test_nothing_is_half_done_whenever_the_power_goes(start: Start) -> None:
    moments = random.Random(5)  # noqa: S311 - no secret
    engine = start()
    job = engine.create("steps=400 pause=0.02")
    body = b'{"prompt": "a", "completion": "b"}\n' * 30_000
    for _ in range(MOMENTS):
        client = engine.client

        def upload(client: openai.OpenAI = client) -> None:
            try:
                while True:
                    client.files.create(file=("more.jsonl", body), purpose="batch")
            except openai.OpenAIError:  # the power is gone
                pass

        uploading = threading.Thread(target=upload)
        uploading.start()
        before = len(engine.steps(job.id))
        eventually(lambda engine=engine, before=before: len(engine.steps(job.id)), lambda now, b=before: now > b)
        time.sleep(moments.uniform(0, 0.3))
        kill_tree(engine)
        uploading.join()
        check_home(engine.home)
        engine = start()
    done = engine.wait(job.id, lambda job: job.status in ("succeeded", "failed"))
    assert (done.status, done.error and done.error.message) == ("succeeded", None)
    assert engine.steps(job.id) == list(range(1, 401))
    check_home(engine.home)
    for file in engine.client.files.list(purpose="batch"):
        assert engine.client.files.content(file.id).read() == body


def test_a_killed_trainer_or_worker_leaves_the_engine_answering(start: Start) -> None:
    engine = start()
    model = engine.wait(engine.create("steps=2").id).fine_tuned_model
    assert engine.client.completions.create(model=model, prompt="one").choices[0].text
    job = engine.create("steps=12 pause=0.1")
    eventually(lambda: engine.steps(job.id), lambda steps: len(steps) > 2)
    for child in psutil.Process(engine.process.pid).children():
        child.kill()
    eventually(lambda: ask(engine, model), bool, 10)
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 13))


def ask(engine: Process, model: str) -> str:
    try:
        return engine.client.completions.create(model=model, prompt="again").choices[0].text
    except openai.InternalServerError:
        return ""


def limit(engine: Process, most: int) -> None:
    """Let writes beyond `most` bytes of a file fail, as on a full disk."""
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def test_a_store_without_room_says_so_and_loses_no_job(start: Start) -> None:
    engine = start()
    job = engine.create("steps=6 pause=0.1")
    eventually(lambda: engine.steps(job.id), bool)
    limit(engine, 1000)
    with pytest.raises(openai.InternalServerError, match="disk is full") as refused:
        engine.client.fine_tuning.jobs.create(model="starter", training_file=job.training_file)
    assert (refused.value.status_code, refused.value.code) == (507, "disk_full")
    time.sleep(1.5)  # the trainer ends meanwhile, and cannot be told of
    assert engine.client.fine_tuning.jobs.retrieve(job.id).status == "running"
    limit(engine, resource.RLIM_INFINITY)
    assert engine.wait(job.id).status == "succeeded"
    assert engine.steps(job.id) == list(range(1, 7))
    assert len(engine.client.fine_tuning.jobs.list().data) == 1
    check_home(engine.home)


@contextmanager
def lock(home: Path) -> Iterator[None]:
    connection = sqlite3.connect(home / "engine.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.rollback()
    connection.close()


def test_a_store_that_another_process_holds_is_read_on_and_written_later(start: Start) -> None:
    engine = start()
    job = engine.create("steps=20 pause=0.02")
    eventually(lambda: engine.steps(job.id), bool)
    made = []
    with lock(engine.home):
        writing = threading.Thread(target=lambda: made.append(engine.create("steps=1").id))
        writing.start()
        for _ in range(20):
            began = time.monotonic()
            assert engine.client.fine_tuning.jobs.retrieve(job.id).status == "running"
            assert time.monotonic() - began < 1
            time.sleep(0.1)
        assert made == []
    writing.join()
    assert {engine.wait(each).status for each in (job.id, *made)} == {"succeeded"}
    assert engine.steps(job.id) == list(range(1, 21))


def test_few_descriptors_are_said_and_survived(start: Start) -> None:
    engine = start()
    engine.upload()
    resource.prlimit(engine.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    clients = [openai.OpenAI(base_url=f"{engine.url}/v1", api_key="any", max_retries=0, timeout=3) for _ in range(80)]
    answers = [outcome(client) for client in clients]
    assert answers[0] == "ok"
    assert set(answers) <= {"ok", 503, "no answer"}
    for client in clients:
        client.close()
    assert eventually(lambda: outcome(engine.client), lambda answer: answer == "ok", 15)
    assert engine.wait(engine.create("steps=2").id).status == "succeeded"


def outcome(client: openai.OpenAI) -> str | int:
    try:
        client.files.list()
    except openai.APIStatusError as problem:
        return problem.status_code
    except openai.APIConnectionError:
        return "no answer"
    return "ok"


def refusal(home: Path) -> str:
    command = [sys.executable, "-m", "lib.engine", "--home", str(home)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    return ended.stderr


def test_a_home_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert f"cannot keep its data in {tmp_path / 'file' / 'home'}" in refusal(tmp_path / "file" / "home")
    (tmp_path / "engine.db").mkdir()
    assert f"cannot keep its data in {tmp_path}" in refusal(tmp_path)


def test_a_second_engine_does_not_share_a_home(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lib.engine", "--home", str(tmp_path), "--exit-with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdin
        assert first.stdout
        port = json.loads(first.stdout.readline())["port"]
        assert f"another engine runs on {tmp_path}" in refusal(tmp_path)
        assert client_of(f"http://127.0.0.1:{port}").files.list().data == []
        first.stdin.close()


def test_a_clock_that_goes_back_makes_no_time_negative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "engine.db")
    for number, clock in enumerate((9000, 5000)):
        monkeypatch.setattr("lib.engine.tables.time.time", lambda clock=clock: clock)
        with store.writing() as session:
            session.add(FileRow(id=f"file-{number}", filename="a", purpose="fine-tune", bytes=1))
            names = {"model": "starter", "training_file": f"file-{number}", "tag": "t", "hyperparameters": {}}
            session.add(JobRow(id=f"ftjob-{number}", status="queued", seed=1, **names))
    monkeypatch.setattr("lib.engine.tables.time.time", lambda: 8000)
    begun = progress.begin(store, "ftjob-0")
    monkeypatch.setattr("lib.engine.tables.time.time", lambda: 2000)
    progress.fail(store, "ftjob-0", {"message": "no"})
    with store.reading() as session:
        row = progress.find_job(session, "ftjob-0")
        assert begun
        assert (row.created_at, begun.started_at, row.finished_at) == (9000, 9000, 9000)
        assert [job.id for job in session.scalars(select(JobRow).order_by(JobRow.seq))] == ["ftjob-0", "ftjob-1"]
    store.close()
