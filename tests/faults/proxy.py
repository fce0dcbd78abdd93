"""An HTTP proxy that loses, repeats nothing, delays and refuses: what lies between a server and a service on a bad day.

Each request draws its fate from a seeded generator. A fault comes before the service acts (it never hears of the
request), after (it has acted, and the answer is lost), or late (the client is told 504, and the service acts then).
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.fake_service import Server

LATE = 0.1
"""Seconds after which a request that the proxy gave up reaches the service all the same."""
PAGE = b"<html><title>Bad gateway</title></html>"
FATES = {
    "through": 70,
    "delayed": 1,
    "reset before": 1,
    "reset after": 2,
    "cut answer": 1,
    "502 before": 1,
    "502 after": 2,
    "500 before": 1,
    "429": 1,
    "504 and late": 1,
}
"""What may happen to a request, and how often beside the others."""


@dataclass
class Proxy:
    """Where it listens, whom it passes requests on to, and what became of them."""

    upstream: str
    chance: random.Random
    url: str = ""
    fates: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    late: list[threading.Thread] = field(default_factory=list)

    def draw(self) -> str:
        """Return what happens to the next request."""
        with self.lock:
            (fate,) = self.chance.choices(list(FATES), list(FATES.values()))
            self.fates[fate] += 1
            return fate

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Ask the service and return its status and its answer."""
        asked = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        try:
            asked.request(method, path, body, headers)
            answer = asked.getresponse()
            return answer.status, answer.read()
        finally:
            asked.close()

    def pass_on_late(self, *request: Any) -> None:
        """Ask the service later; nobody hears the answer."""

        def act() -> None:
            time.sleep(LATE)
            self.pass_on(*request)

        with self.lock:
            self.late.append(threading.Thread(target=act, daemon=True))
            self.late[-1].start()

    def settle(self) -> None:
        """Wait until everything that is under way has reached the service."""
        for thread in self.late:
            thread.join()


@contextmanager
def between(upstream: str, seed: int) -> Iterator[Proxy]:
    """Stand before `upstream`, a base URL, for the time of the block; `proxy.url` is to be used in its place."""
    proxy = Proxy(upstream, random.Random(seed))  # noqa: S311 - faults are to be repeatable
    server = Server(("127.0.0.1", 0), _handler(proxy))
    proxy.url = f"http://127.0.0.1:{server.server_port}{urlsplit(upstream).path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.settle()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            own = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
            request = (self.command, self.path, own, body)
            match proxy.draw():
                case "reset before":
                    self.reset()
                case "502 before":
                    self.send(502, PAGE, "text/html")
                case "500 before":
                    self.send(500, b'{"error": {"message": "oops"}}')
                case "429":
                    self.send(429, b'{"error": {"message": "slow down"}}', retry_after="1")
                case "504 and late":
                    proxy.pass_on_late(*request)
                    self.send(504, PAGE, "text/html")
                case fate:
                    self.act(fate, *proxy.pass_on(*request))

        do_GET = do_POST = do_DELETE = serve  # noqa: N815 - the names http.server calls

        def act(self, fate: str, status: int, answer: bytes) -> None:
            """Treat the answer of a service that has acted."""
            if fate == "reset after":
                self.reset()
            elif fate == "502 after":
                self.send(502, PAGE, "text/html")
            elif fate == "cut answer":
                self.send(status, answer, length=len(answer) + 100)
                self.close_connection = True
            else:
                if fate == "delayed":
                    time.sleep(LATE / 10)
                self.send(status, answer)

        def send(
            self, status: int, body: bytes, kind: str = "application/json", length: int = 0, retry_after: str = ""
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length or len(body)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(body)

        def reset(self) -> None:
            # Linger 0: the client sees a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler
