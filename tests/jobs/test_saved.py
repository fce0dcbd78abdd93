"""The settings of a launch leave as YAML, Python and curl; YAML comes back."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess

import pytest

from lib.jobs.as_code import curl, python
from lib.jobs.errors import NotALaunch
from lib.jobs.launch import LaunchSpec
from lib.jobs.saved import from_yaml, to_yaml
from lib.jobs.worker import Worker
from lib.providers.connections import connection
from tests.fake_service import Service
from tests.jobs.conftest import Launch, created, work

NASTY = "x\"'; $(touch /tmp/never) `id` \n#"
SPEC = LaunchSpec(
    "engine", "starter", "v1", epochs=3, seed=7, knobs={"lora_r": 8, "packing": True}, metadata={"note": NASTY}
)


def test_settings_come_back_as_they_were() -> None:
    assert from_yaml(to_yaml(SPEC, "stories v1").encode()) == SPEC


@pytest.mark.parametrize(
    "data", [b"", b"- 1", b"tuneboard_launch: 2", b"tuneboard_launch: 1\nmodel: x", b"a: [", b"\xff\xfe", b"x" * 70_000]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(NotALaunch):
        from_yaml(data)


def test_knobs_and_metadata_reach_the_service(service: Service, start: Launch) -> None:
    work(start(knobs={"lora_r": 8}, metadata={"team": "a"}).id, Worker(), created)
    (job,) = service.jobs
    assert job["method"]["supervised"]["hyperparameters"]["lora_r"] == 8
    assert job["metadata"]["team"] == "a"
    assert "launch_id" in job["metadata"]


def test_the_python_script_is_python_whatever_the_names_and_sends_the_same(service: Service) -> None:
    tree = ast.parse(python(SPEC, connection("engine")))
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("jobs.create"))
    sent = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg != "training_file"}
    assert sent["metadata"] == {"note": NASTY}
    assert sent["method"]["supervised"]["hyperparameters"]["lora_r"] == 8
    assert sent["seed"] == 7


def test_the_shell_reads_the_curl_commands_as_they_are_meant(service: Service) -> None:
    script = curl(SPEC, connection("engine"))
    subprocess.run(["sh", "-n", "-c", script], check=True)
    words = shlex.split(script)
    assert json.loads(words[words.index("job") + 1])["metadata"] == {"note": NASTY}
