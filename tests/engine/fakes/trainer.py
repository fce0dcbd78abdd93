"""A trainer that learns nothing but keeps the trainer's protocol, in milliseconds.

The first example's prompt says how it behaves: `steps=6 pause=0.1 exit=3 error=1 stubborn=1 nan_at=2 kill_at=1`.
A checkpoint after every second step; resumes from the newest. Ends when standard input closes.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path

JOB = Path(sys.argv[1])


def main() -> int:
    spec = json.loads((JOB / "spec.json").read_text("utf-8"))
    plan = read_plan(Path(spec["training_file"]))
    if plan.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    total = int(plan.get("steps", 4))
    checkpoints = JOB / "checkpoints"
    done = max((int(p.name.removeprefix("step-")) for p in checkpoints.glob("step-*")), default=0)
    say(
        "resolved", hyperparameters=resolve(spec["hyperparameters"]), total_steps=total, parameters=3, train_examples=12
    )
    for step in range(done + 1, total + 1):
        time.sleep(plan.get("pause", 0))
        metrics = metrics_of(step, total) | ({"train_loss": float("nan")} if plan.get("nan_at") == step else {})
        say("metrics", **metrics)
        if step % 2 == 0:
            write_model(checkpoints / f"step-{step}")
            say("checkpoint", step=step, epoch=1, path=str(checkpoints / f"step-{step}"), metrics=metrics)
        if plan.get("kill_at") == step:
            os.kill(os.getpid(), signal.SIGKILL)
        if plan.get("exit_at") == step:
            sys.stderr.write("the disk of the trainer is on fire\n")
            return int(plan["exit"])
    if plan.get("error"):
        say("error", code="out_of_memory", message="Too big.", param=None)
        return 1
    write_model(Path(spec["output"]))
    say("done", trained_tokens=total * 10, seconds=10.0, tokens_per_second=123.0, best_step=total)
    return 0


def read_plan(path: Path) -> dict[str, float]:
    record = json.loads(path.read_bytes().splitlines()[0])
    said = record["input"]["messages"][0]["content"] if "input" in record else record.get("prompt", "")
    words = str(said).split()
    return {key: float(value) for key, _, value in (w.partition("=") for w in words) if value}


def resolve(asked: dict[str, object]) -> dict[str, object]:
    usual = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 1.0, "beta": 0.1, "lora": True}
    return {key: usual[key] if value == "auto" else value for key, value in asked.items()}


def metrics_of(step: int, total: int) -> dict[str, object]:
    even = step % 2 == 0
    return {
        "step": step,
        "total_steps": total,
        "epoch": 1,
        "train_loss": 4 / step,
        "train_mean_token_accuracy": step / (total + 1),
        "valid_loss": 5 / step if even else None,
        "valid_mean_token_accuracy": 0.5 if even else None,
        "full_valid_loss": None,
        "full_valid_mean_token_accuracy": None,
        "tokens": step * 10,
        "seconds": step * 0.1,
    }


def write_model(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"max_position_embeddings": 64}')
    header = json.dumps({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(12))
    (folder / "tuneboard.json").write_text('{"format": "completion", "base": "starter"}')


def say(kind: str, **fields: object) -> None:
    with (JOB / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "at": time.time(), **fields}) + "\n")


def end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(143)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main())
