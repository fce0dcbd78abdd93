"""The Hugging Face hub, played by a server in this process: the real library downloads from it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lib.config import ROOT
from lib.engine.models.bases import Bases, hub_folder
from lib.engine.training.spec import Spec

from .conftest import MakeJob, events_of, messages_of

pytestmark = pytest.mark.slow
COMMIT = "0" * 40


@pytest.fixture
def hub(llama: Path) -> Iterator[tuple[str, list[str]]]:
    """A hub with one model, `org/tiny`, and one without safetensors, `org/pickled`; yields its URL and what is read."""
    asked: list[str] = []
    files = {file.name: file.read_bytes() for file in llama.iterdir()}
    repositories = {
        "org/tiny": files | {"pytorch_model.bin": b"\x80\x04.", "evil.py": b"1/0", "onnx/model.safetensors": b"x"},
        "org/pickled": {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04."},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                self.tell("/".join(parts[2:4]), parts[4:])
            elif len(parts) > 4 and "/".join(parts[:2]) in repositories:
                self.give(repositories["/".join(parts[:2])].get("/".join(parts[4:])))
            else:
                self.answer(404, b"", {})

        def tell(self, name: str, rest: list[str]) -> None:
            if name not in repositories:
                self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                return
            held: Any = [{"rfilename": file, "size": len(data)} for file, data in repositories[name].items()]
            whole: Any = {"id": name, "sha": COMMIT, "siblings": held}
            if rest[:1] == ["tree"]:
                whole = [
                    {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha256(data).hexdigest()}
                    for file, data in repositories[name].items()
                ]
            self.answer(200, json.dumps(whole).encode(), {"Content-Type": "application/json"})

        def give(self, data: bytes | None) -> None:
            asked.append(self.path.rpartition("/")[2])
            etag = hashlib.sha256(data or b"").hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
            self.answer(404 if data is None else 200, data or b"", headers)

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def train(spec: Spec, model: str, models: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a job on a model of the hub in a process of its own, as the engine does."""
    base = Bases(models, hub=True).find(model)
    assert base is not None
    file = spec.folder / "spec.json"
    raw = json.loads(file.read_text())
    raw["base"] = {"kind": "folder", "path": str(base.path)} | ({"hub": base.hub} if base.hub else {})
    file.write_text(json.dumps(raw))
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("HF_HOME", str(models.parent / "cache"))
    command = [sys.executable, "-m", "lib.engine.training", str(spec.folder)]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def test_a_model_of_the_hub_is_downloaded_once_and_then_a_base_like_any_other(
    make_job: MakeJob, hub: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = hub
    models = tmp_path / "models"
    models.mkdir()
    first = make_job("first", n_epochs=1)
    assert train(first, "org/tiny", models, url, monkeypatch) == 0, messages_of(first)
    assert "Downloading org/tiny" in messages_of(first)
    assert {"pytorch_model.bin", "evil.py"}.isdisjoint(asked)
    assert asked.count("model.safetensors") <= 2, "asked for once, read once; not the one in a folder"
    assert [base.id for base in Bases(models).all()] == ["starter", "org/tiny"]
    assert not [path.name for path in models.iterdir() if path.name.endswith(".partial")]

    asked.clear()
    second = make_job("second", n_epochs=1)
    assert train(second, "org/tiny", models, url, monkeypatch) == 0
    assert not asked


@pytest.mark.parametrize("model", ["org/pickled", "org/unknown"])
def test_a_model_that_cannot_be_had_ends_the_job_with_a_reason(
    make_job: MakeJob, hub: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    spec = make_job()
    assert train(spec, model, tmp_path, hub[0], monkeypatch) == 1
    (error,) = events_of(spec, "error")
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert error["message"].startswith(f"{model} can't be downloaded: ")
    assert not hub_folder(tmp_path, model).exists()


def test_a_hub_that_is_out_of_reach_ends_the_job_with_a_reason(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_job()
    assert train(spec, "org/tiny", tmp_path, "http://127.0.0.1:9", monkeypatch) == 1
    assert events_of(spec, "error")[0]["code"] == "model_not_found"


@pytest.mark.parametrize("model", ["org/../../etc", "../etc/passwd", "/etc/passwd", "org/name/more", "name", "org/"])
def test_what_is_no_id_of_the_hub_is_no_model_and_without_the_setting_nothing_is(tmp_path: Path, model: str) -> None:
    assert Bases(tmp_path, hub=True).find(model) is None
    assert Bases(tmp_path).find("org/tiny") is None
