"""A stand-in that speaks vLLM's protocol as documented; vLLM itself has not been run here."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from starlette.responses import StreamingResponse

from lib.engine.answers.vllm import Vllm
from lib.engine.app import Engine
from lib.engine.errors import ApiError
from tests.engine.support import KEY, TRAINER, WORKER, run_here

CHUNK = {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [{"text": "hi", "index": 0}]}


class Server(ThreadingHTTPServer):
    """Serves `base`; refuses prompts that say so."""

    asked: list[tuple[str, Any]]
    loads = True


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._say(200, {"object": "list", "data": [{"id": "base", "root": "base"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        if self.path == "/v1/load_lora_adapter":
            self._say(200 if self.server.loads else 404, {})
        elif body["prompt"] == "refuse":
            self._say(400, {"error": {"message": "Too long.", "type": "BadRequestError", "param": None, "code": 400}})
        elif body["prompt"] == "break":
            self._say(500, {"error": {"message": "Out of memory."}})
        elif body.get("stream"):
            frames = f"data: {json.dumps(CHUNK | {'model': body['model']})}\n\ndata: [DONE]\n\n"
            self._send(200, frames.encode(), "text/event-stream")
        else:
            self._say(200, CHUNK | {"model": body["model"]})

    def _say(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked = []
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
async def vllm(server: Server) -> AsyncIterator[Vllm]:
    made = Vllm(f"http://127.0.0.1:{server.server_port}/v1")
    yield made
    await made.close()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"1")
    (folder / "tuneboard.json").write_text(json.dumps({"base": str(tmp_path / "base")}))
    return folder


def make_base(folder: Path) -> None:
    """Make a folder that is offered as a base; the fake worker reads no weights."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "max_position_embeddings": 64}))
    (folder / "tokenizer.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))


def body(prompt: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": "base", "prompt": prompt} | fields


async def test_a_model_that_the_server_serves_is_asked_by_its_name(vllm: Vllm, server: Server, tmp_path: Path) -> None:
    answer = await vllm.answer("/v1/completions", body(), tmp_path / "base")
    assert answer is not None
    assert json.loads(bytes(answer.body))["choices"] == CHUNK["choices"]
    assert server.asked == [("/v1/completions", body())]


async def test_an_adapter_is_loaded_there_once_and_answers_under_our_name(
    vllm: Vllm, server: Server, adapter: Path
) -> None:
    for _ in range(2):
        answer = await vllm.answer("/v1/completions", body(model="ft:base:mine", stream=True), adapter)
        assert isinstance(answer, StreamingResponse)
        frames = [frame async for frame in answer.body_iterator]
        assert json.loads(bytes(frames[0]).removeprefix(b"data: "))["model"] == "ft:base:mine"
        assert frames[-1] == b"data: [DONE]\n\n"
    assert [path for path, _ in server.asked].count("/v1/load_lora_adapter") == 1
    assert server.asked[0][1]["lora_path"] == str(adapter)
    assert server.asked[1][1]["model"] == server.asked[0][1]["lora_name"]


async def test_what_the_server_does_not_serve_is_left_to_the_worker(
    vllm: Vllm, server: Server, adapter: Path, tmp_path: Path
) -> None:
    assert await vllm.answer("/v1/completions", body(model="other"), tmp_path / "other") is None
    server.loads = False
    assert await vllm.answer("/v1/completions", body(model="ft:base:mine"), adapter) is None


async def test_a_server_that_is_not_there_leaves_all_to_the_worker(tmp_path: Path) -> None:
    vllm = Vllm("http://127.0.0.1:9")
    assert await vllm.answer("/v1/completions", body(), tmp_path / "base") is None
    await vllm.close()


@pytest.mark.parametrize(("prompt", "status"), [("refuse", 400), ("break", 503)])
async def test_a_refusal_is_passed_on_as_ours(vllm: Vllm, tmp_path: Path, prompt: str, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        await vllm.answer("/v1/completions", body(prompt), tmp_path / "base")
    assert refused.value.status == status


def test_the_engine_asks_the_server_for_a_base_it_serves_and_its_worker_for_the_rest(
    server: Server, tmp_path: Path
) -> None:
    for name in ("base", "other"):
        make_base(tmp_path / "bases" / name)
    vllm = f"http://127.0.0.1:{server.server_port}"
    engine = Engine(tmp_path, api_key=KEY, models=tmp_path / "bases", trainer=TRAINER, worker=WORKER, vllm=vllm)
    with contextmanager(run_here)(engine, tmp_path, KEY) as running:
        complete = OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0).completions.create
        assert complete(model="base", prompt="hello").choices[0].text == "hi"
        assert "".join(c.choices[0].text for c in complete(model="base", prompt="hello", stream=True)) == "hi"
        assert complete(model="other", prompt="hello").choices[0].text == "hello "
    assert [path for path, _ in server.asked] == ["/v1/completions"] * 2
