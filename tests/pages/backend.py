"""A small backend on a real socket: it lists models and writes the words it is told to write, or misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STARTER = {
    "id": "starter",
    "object": "model",
    "created": 1,
    "owned_by": "tuneboard",
    "tuneboard": {
        "base": True,
        "trainable": True,
        "tokens_per_second": 5000.0,
        "overhead_seconds": 6.0,
        "auto_epochs": {"tokens": 3_000, "least": 2, "most": 9},
        "tokenizer": "characters",
        "context": 2048,
        "root": "starter",
    },
}


@dataclass
class Backend:
    """What it will answer, and what it was asked."""

    words: list[str] = field(default_factory=lambda: ["Once", " upon", " a", " time"])
    finish: str | None = "stop"
    models: list[dict[str, Any]] = field(default_factory=lambda: [STARTER])
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def running() -> Iterator[Backend]:
    """Serve a backend on a free port for the time of the block."""
    backend = Backend()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(backend))
    backend.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("application/json", json.dumps({"object": "list", "data": backend.models}).encode())

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            backend.asked.append(asked)
            self.answer("text/event-stream", b"".join(chunks(backend, chat="messages" in asked)))

        def answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


def chunks(backend: Backend, chat: bool) -> Iterator[bytes]:
    """Yield the answer as server-sent events; without a finish reason the stream just ends."""
    for word in backend.words:
        yield sse(chat, word, None)
    if backend.finish:
        yield sse(chat, "", backend.finish)
        yield b"data: [DONE]\n\n"


def sse(chat: bool, text: str, finish: str | None) -> bytes:
    said: dict[str, Any] = {"delta": {"content": text}} if chat else {"text": text}
    kind = "chat.completion.chunk" if chat else "text_completion"
    chunk = {
        "id": "c1",
        "object": kind,
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": finish, **said}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()
