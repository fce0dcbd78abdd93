"""The home of the first version, made in plain SQL, and what today's engine makes of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.support import Process, training_data

pytestmark = pytest.mark.slow
Start = Callable[[], Process]
OLD_TABLES = """
CREATE TABLE files (filename VARCHAR NOT NULL, purpose VARCHAR NOT NULL, bytes INTEGER NOT NULL,
  seq INTEGER NOT NULL PRIMARY KEY, id VARCHAR NOT NULL UNIQUE, created_at INTEGER NOT NULL);
CREATE TABLE jobs (model VARCHAR NOT NULL, training_file VARCHAR NOT NULL, validation_file VARCHAR,
  hyperparameters JSON NOT NULL, seed INTEGER NOT NULL, suffix VARCHAR, tag VARCHAR NOT NULL, meta JSON,
  status VARCHAR NOT NULL, error JSON, started_at INTEGER, finished_at INTEGER, estimated_finish INTEGER,
  fine_tuned_model VARCHAR, result_file VARCHAR, trained_tokens INTEGER, parameters INTEGER,
  last_step INTEGER NOT NULL, "offset" INTEGER NOT NULL, starts INTEGER NOT NULL, crashes INTEGER NOT NULL,
  outcome JSON, seq INTEGER NOT NULL PRIMARY KEY, id VARCHAR NOT NULL UNIQUE, created_at INTEGER NOT NULL);
CREATE TABLE job_metadata ("key" VARCHAR NOT NULL, value VARCHAR NOT NULL, job_seq INTEGER NOT NULL,
  PRIMARY KEY ("key", value, job_seq), FOREIGN KEY(job_seq) REFERENCES jobs (seq));
CREATE TABLE events (job_id VARCHAR NOT NULL, level VARCHAR NOT NULL, type VARCHAR NOT NULL, message VARCHAR NOT NULL,
  data JSON, seq INTEGER NOT NULL PRIMARY KEY, id VARCHAR NOT NULL UNIQUE, created_at INTEGER NOT NULL);
CREATE TABLE checkpoints (job_id VARCHAR NOT NULL, step INTEGER NOT NULL, model VARCHAR NOT NULL, path VARCHAR NOT NULL,
  metrics JSON NOT NULL, seq INTEGER NOT NULL PRIMARY KEY, id VARCHAR NOT NULL UNIQUE, created_at INTEGER NOT NULL);
CREATE TABLE models (base VARCHAR NOT NULL, path VARCHAR NOT NULL, job_id VARCHAR NOT NULL, format VARCHAR,
  parameters INTEGER, seq INTEGER NOT NULL PRIMARY KEY, id VARCHAR NOT NULL UNIQUE, created_at INTEGER NOT NULL);
CREATE TABLE speeds (base VARCHAR NOT NULL PRIMARY KEY, tokens_per_second FLOAT NOT NULL,
  overhead_seconds FLOAT NOT NULL);
CREATE TABLE replays ("key" VARCHAR NOT NULL PRIMARY KEY, fingerprint VARCHAR NOT NULL, answer JSON NOT NULL,
  created_at INTEGER NOT NULL);
"""
"""What the first version of the engine made."""
STATUSES = ("succeeded", "failed", "cancelled", "running", "queued", "validating_files")


def make_old_home(home: Path) -> None:
    """Write a home as the first version left it when it was killed, with a job in each status."""
    (home / "files").mkdir(parents=True)
    data = training_data("steps=4")
    (home / "files" / "file-a").write_bytes(data)
    connection = sqlite3.connect(home / "engine.db")
    connection.executescript(OLD_TABLES)
    connection.execute("INSERT INTO files VALUES ('a.jsonl', 'fine-tune', ?, 1, 'file-a', 5)", (len(data),))
    columns = "model, training_file, hyperparameters, seed, tag, status, last_step, 'offset', starts, crashes"
    columns = columns.replace("'", '"') + ", seq, id, created_at, started_at, finished_at, error, fine_tuned_model"
    for number, status in enumerate(STATUSES, 1):
        ended = number < 4
        values = ("starter", "file-a", '{"n_epochs": 3}', 7, f"tag0000{number}", status, 0, 0, int(number < 5), 0)
        values += (number, f"ftjob-{status}", 5, 6 if number < 5 else None, 7 if ended else None)
        values += ('{"code": "x", "message": "y", "param": null}' if status == "failed" else None,)
        values += ("ft:starter:tuneboard::tag00001" if status == "succeeded" else None,)
        connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({','.join('?' * 17)})", values)  # noqa: S608
    event = """INSERT INTO events VALUES ('ftjob-succeeded', 'info', 'message', 'Done', NULL, 1, 'ftevent-1', 5)"""
    connection.execute(event)
    model = home / "jobs" / "ftjob-succeeded" / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"max_position_embeddings": 64}')
    row = ("starter", str(model), "ftjob-succeeded", "completion", 3, 1, "ft:starter:tuneboard::tag00001", 7)
    connection.execute("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO speeds VALUES ('starter', 9000.0, 4.0)")
    connection.commit()
    connection.close()


def test_the_home_of_the_first_version_is_taken_over_with_a_job_in_each_status(tmp_path: Path, start: Start) -> None:
    make_old_home(tmp_path / "engine")
    engine = start()
    ends = {status: engine.wait(f"ftjob-{status}").status for status in STATUSES}
    assert ends == dict.fromkeys(STATUSES, "succeeded") | {"failed": "failed", "cancelled": "cancelled"}
    for status in STATUSES[3:]:
        assert engine.steps(f"ftjob-{status}") == [1, 2, 3, 4]
    assert [event.message for event in engine.events("ftjob-succeeded")] == ["Done"]
    models = {model.id for model in engine.client.models.list()}
    assert "ft:starter:tuneboard::tag00001" in models
    assert len(models) == 5
    assert engine.client.files.content("file-a").read() == training_data("steps=4")
    assert engine.client.completions.create(model="ft:starter:tuneboard::tag00001", prompt="hi").choices[0].text
