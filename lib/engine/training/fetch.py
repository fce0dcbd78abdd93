"""A base from the Hugging Face hub: downloaded once, into the folder of models, when the operator allows it.

Promises that only safetensors and the text files beside them are fetched (no code, no pickled weights), and that the
folder is complete or not there. A token for closed models is the operator's `HF_TOKEN`. Knows no job.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from filelock import FileLock

from lib.engine.training.folders import write_folder
from lib.engine.training.report import Reporter, TrainingProblem

WANTED = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt", "LICENSE*", "README.md"]
"""Of the files in the hub folder itself; what lies deeper belongs to other formats."""


def fetch(model: str, target: Path, report: Reporter) -> None:
    """Download a model of the hub to a folder, unless it is there; raise `TrainingProblem` if that can't be done."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):  # two jobs may want the same base
        if not target.is_dir():
            _download(model, target, report)


def _download(model: str, target: Path, report: Reporter) -> None:
    report.message(f"Downloading {model} from the Hugging Face hub.")
    os.environ["HF_HUB_OFFLINE"] = "0"  # read when the library is first imported: later in this process it stays so
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - a job on a folder needs no network library
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    def fill(folder: Path) -> None:
        snapshot_download(model, local_dir=folder, allow_patterns=WANTED, ignore_patterns=["*/*"])
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        if not list(folder.glob("*.safetensors")):
            raise _problem(model, "it has no safetensors file")
        (folder / "tuneboard.json").write_text(json.dumps({"hub": model}), encoding="utf-8")

    try:
        write_folder(target, fill)
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise _problem(model, str(error).strip().partition("\n")[0]) from error


def _problem(model: str, why: str) -> TrainingProblem:
    return TrainingProblem(f"{model} can't be downloaded: {why}.", code="model_not_found", param="model")
