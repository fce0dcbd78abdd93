"""A web server that webhooks are sent to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai

SDK = openai.OpenAI(api_key="unused")


@dataclass
class Received:
    """One request that the receiver got."""

    headers: dict[str, str]
    body: bytes

    def event(self, secret: str) -> Any:
        return SDK.webhooks.unwrap(self.body, self.headers, secret=secret)


@dataclass
class Receiver:
    """A web server that answers with `status`, slowly if told to."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: threading.Event | None = None
    got: list[Received] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.got.append(Received({k.lower(): v for k, v in handler.headers.items()}, body))
        if self.hang:
            self.hang.wait()
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def receivers() -> Iterator[Callable[..., Receiver]]:
    """Yield what starts receivers; all are stopped at the end."""
    servers: list[ThreadingHTTPServer] = []
    hangs: list[threading.Event] = []

    def start(**options: Any) -> Receiver:
        receiver = Receiver(**options)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        if receiver.hang:
            hangs.append(receiver.hang)
        receiver.url = f"http://127.0.0.1:{server.server_port}/told"
        return receiver

    yield start
    for hang in hangs:
        hang.set()
    for server in servers:
        server.shutdown()
        server.server_close()
