"""A launch as a script for the openai package, or as curl: the same requests that the worker would send.

No key is in it: both read the environment. Values are written as literals, so a name can't become code.
"""

from __future__ import annotations

import json
import shlex
from pprint import pformat
from typing import Any

from lib.jobs.launch import LaunchSpec, job_request
from lib.providers.connections import Connection

TRAINING, VALIDATION = "train.jsonl", "valid.jsonl"
KEY = "API_KEY"
OF_THE_SDK = frozenset({"model", "training_file", "validation_file", "method", "suffix", "seed", "metadata"})
"""What the SDK's own method takes; everything else goes into its `extra_body`."""


def python(spec: LaunchSpec, at: Connection) -> str:
    """Return a script that uploads the files and starts the job."""
    body = _body(spec, at)
    own = {name: repr(value) for name, value in body.items() if name in OF_THE_SDK and isinstance(value, str | int)}
    own |= {name: _indented(value) for name, value in body.items() if name in {"method", "metadata"}}
    own |= {name: f'upload("{file}")' for name, file in _files(spec).items()}
    extra = {name: value for name, value in body.items() if name not in OF_THE_SDK}
    if extra:
        own["extra_body"] = _indented(extra)
    arguments = "\n".join(f"    {name}={value}," for name, value in own.items())
    return f"""import os

from openai import OpenAI

# No retries: a create whose answer is lost would start a second job.
client = OpenAI(base_url={at.base_url!r}, api_key=os.environ["{KEY}"], max_retries=0)


def upload(path: str) -> str:
    with open(path, "rb") as file:
        return client.files.create(file=file, purpose="fine-tune").id


job = client.fine_tuning.jobs.create(
{arguments}
)
print(job.id)
"""


def curl(spec: LaunchSpec, at: Connection) -> str:
    """Return commands for a POSIX shell, which need `jq` to read the ids of the files."""
    base, head = shlex.quote(at.base_url), f'-H "Authorization: Bearer ${KEY}"'
    lines, names = [f"BASE={base}"], {}
    for name, file in _files(spec).items():
        names[name] = name.upper()
        form = f"-F purpose=fine-tune -F file=@{file}"
        lines.append(f'{names[name]}=$(curl -sS "$BASE/files" {head} {form} | jq -r .id)')
    told = " ".join(f'--arg {name} "${variable}"' for name, variable in names.items())
    filled = ", ".join(f"{name}: ${name}" for name in names)
    body = shlex.quote(json.dumps(_body(spec, at), ensure_ascii=False))
    lines.append(f"jq -n {told} --argjson job {body} '$job + {{{filled}}}' |")
    lines.append(f'  curl -sS "$BASE/fine_tuning/jobs" {head} -H "Content-Type: application/json" -d @-')
    return "\n".join(lines) + "\n"


def _files(spec: LaunchSpec) -> dict[str, str]:
    return {"training_file": TRAINING} | ({"validation_file": VALIDATION} if spec.validation_fraction > 0 else {})


def _body(spec: LaunchSpec, at: Connection) -> dict[str, Any]:
    """Return what is sent, without the ids of files."""
    body = job_request(spec.model, spec.to_json(), "", None).body(at.can, at.extra)
    del body["training_file"]
    return body | ({"metadata": dict(spec.metadata)} if spec.metadata else {})


def _indented(value: dict[str, Any]) -> str:
    return pformat(value, width=60, sort_dicts=False).replace("\n", "\n    ")
