"""`llm`, the command line: a model of ours in its extra-openai-models.yaml, asked whole and streamed."""

import json
import os
import subprocess
import sys
from pathlib import Path

home = Path(os.environ["HOME"]) / "llm"
home.mkdir()
model = {
    "model_id": "ours",
    "model_name": os.environ["TUNEBOARD_MODEL"],
    "api_base": os.environ["TUNEBOARD_URL"],
    "api_key_name": "tuneboard",
}
(home / "extra-openai-models.yaml").write_text(json.dumps([model]))  # JSON is YAML too
(home / "keys.json").write_text(json.dumps({"tuneboard": os.environ["TUNEBOARD_KEY"]}))


def ask(*options: str) -> str:
    """Ask the model on the command line and return what it printed."""
    command = [sys.executable, "-m", "llm", "-m", "ours", "-o", "temperature", "0", "-o", "max_tokens", "8", *options]
    done = subprocess.run(
        [*command, "item 3"],
        env=os.environ | {"LLM_USER_PATH": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


print(json.dumps({"whole": ask("--no-stream"), "streamed": ask()}))
