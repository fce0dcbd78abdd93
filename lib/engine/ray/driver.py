"""The driver of one job on a Ray cluster: sends it there, passes on the wish to stop, brings back what comes of it.

The cluster runs Ray Train; when a machine dies, Ray starts the workers again, as many as there is room for, and they go
on from the newest state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from lib.config import ROOT, Settings
from lib.engine.ray.staging import Staging
from lib.engine.ray.work import Bell, work
from lib.engine.training.report import Reporter, TrainingProblem
from lib.engine.training.stop import STOPPED, Stop

LOOK_SECONDS = 0.5
ON_HEAD = {"node:__internal_head__": 0.001}
"""A resource that only the head node has. What holds a job together runs there: any other node may die."""


def drive(folder: Path, told: Settings, stop: Stop) -> int:
    """Train one job on the cluster; return the exit code. Told to stop, the process is gone when its grace is over."""
    environment = {"env_vars": {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}}
    ray.init(told.engine_ray, runtime_env={"py_modules": [str(ROOT / "lib")], **environment}, log_to_driver=True)
    staging = Staging.of(str(folder), told.engine_ray_storage)
    staging.send()
    bell = ray.remote(Bell).options(num_cpus=0, resources=ON_HEAD).remote()
    plan = {
        "folder": str(folder),
        "storage": told.engine_ray_storage,
        "bell": bell,
        "workers": told.engine_ray_workers,
        "resources": {"CPU": told.engine_ray_cpus} | ({"GPU": told.engine_ray_gpus} if told.engine_ray_gpus else {}),
        "retries": told.engine_ray_retries,
    }
    fit = ray.remote(_fit).options(num_cpus=0, resources=ON_HEAD).remote(plan)
    with stop.heed() as wish:
        end = _watch(fit, bell, staging, wish)
    if problem := end.get("problem"):
        with Reporter(folder / "events.jsonl") as report:
            report.error(TrainingProblem(problem["message"], code=problem["code"], param=problem["param"]))
    if end["code"] != STOPPED:
        staging.forget()
    return end["code"]


def _fit(plan: dict[str, Any]) -> str:
    """Run Ray Train on the cluster, so that a driver behind `ray://` need not; return what went wrong, or nothing."""
    folder = Path(plan["folder"])
    trainer = TorchTrainer(
        work,
        train_loop_config=plan,
        scaling_config=ScalingConfig(
            num_workers=(1, plan["workers"]) if plan["workers"] > 1 else 1,
            use_gpu="GPU" in plan["resources"],
            resources_per_worker=plan["resources"],
        ),
        run_config=RunConfig(
            name=folder.name,
            storage_path=plan["storage"] or str(folder / "ray"),
            failure_config=FailureConfig(max_failures=plan["retries"]),
        ),
    )
    try:
        trainer.fit()
    except ray.train.TrainingFailedError as error:
        return str(error)
    return ""


def _watch(fit: Any, bell: Any, staging: Staging, wish: Stop) -> dict[str, Any]:
    """Wait for the end, passing events back and the wish to stop on; return how it ended."""
    while not ray.wait([fit], timeout=LOOK_SECONDS)[0]:
        staging.fetch()
        if wish.asked:
            bell.ring.remote()
    failure = ray.get(fit)
    staging.fetch()
    end: dict[str, Any] | None = ray.get(bell.end.remote())
    if end:
        return end
    problem = {"code": "trainer_failed", "message": f"The cluster gave the job up: {failure[-500:]}", "param": None}
    return {"code": 1, "problem": problem}
