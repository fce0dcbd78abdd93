"""The real engine, which honours Idempotency-Key, behind the same bad network."""

from __future__ import annotations

from pathlib import Path

from lib.engine.app import Engine
from tests.engine.support import KEY, TRAINER, WORKER, Running, run_here
from tests.faults import storm
from tests.faults.conftest import Through


def test_the_engine_itself_makes_each_job_once(tmp_path: Path, through: Through) -> None:
    def check(engine: Running) -> None:
        proxy, ids = through(f"{engine.url}/v1", 10, KEY), [f"launch-{n}" for n in range(20)]
        storm.click(ids, storm.dataset().id)
        storm.ride_out(seed=10, deaths=0.03)
        proxy.settle()
        names = [file.filename for file in engine.client.files.list(purpose="fine-tune")]
        made = [(job.metadata or {}).get("launch_id") for job in engine.client.fine_tuning.jobs.list(limit=100)]
        assert storm.surplus(ids, names, made) == {}

    served = run_here(Engine(tmp_path / "engine", api_key=KEY, trainer=TRAINER, worker=WORKER), tmp_path, KEY)
    for engine in served:
        check(engine)
