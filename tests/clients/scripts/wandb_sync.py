"""wandb: `WandbLogger.sync` reads a job and its files, offline: the sign-in and `use_artifact` are left out.

Everything that speaks to the engine runs as it is, the making of the table from the training file too.
"""

import json
import os

import wandb
from openai import OpenAI
from wandb.integration.openai.fine_tuning import WandbLogger

logged: list[dict[str, float]] = []
run_log = wandb.Run.log


def note(self: wandb.Run, data: dict[str, float], *rest: object, **named: object) -> None:
    """Remember what is logged, and log it."""
    logged.append(data)
    run_log(self, data, *rest, **named)


wandb.Run.log = note
wandb.Run.use_artifact = lambda _run, _artifact, **_named: None
WandbLogger._logged_in = True
client = OpenAI(base_url=os.environ["TUNEBOARD_URL"], api_key=os.environ["TUNEBOARD_KEY"])
told = WandbLogger.sync(fine_tune_job_id=os.environ["TUNEBOARD_JOB"], openai_client=client, project="p")
metrics = [row for row in logged if "train_loss" in row]
print(
    json.dumps(
        {
            "sync": told,
            "tables": sum("train_data" in row for row in logged),
            "steps": len(metrics),
            "columns": sorted(set().union(*metrics)),
        }
    )
)
