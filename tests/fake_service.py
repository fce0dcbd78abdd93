"""A fine-tuning service on a real socket that acts, counts what it did, and fails as it is told to.

`service.fault(...)` queues faults; each is used up by one matching request. The service has no Idempotency-Key: a
client that sends twice makes two. It speaks OpenAI's protocol; a `Dialect` makes it another service.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fake_dialect import Dialect, NotThere, Refusal


@dataclass
class Fault:
    """What happens to one request: `before` acting or `after` it, and what the client sees instead of the answer."""

    method: str
    path: str
    after: bool = False
    reset: bool = False
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay: float = 0.0


@dataclass
class Service:
    """Everything the service holds, and everything it was sent."""

    url: str = ""
    dialect: Dialect = field(default_factory=Dialect)
    files: list[dict[str, Any]] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "starter"}])
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    lists_say_more: bool = True
    """Whether lists carry `has_more` and honour `after`."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fault(self, method: str, path: str, times: int = 1, **what: Any) -> None:
        self.faults += [Fault(method, path, **what) for _ in range(times)]

    def finish(self, status: str = "succeeded", result: bytes | None = None, **values: Any) -> None:
        """End every job."""
        for job in self.jobs:
            self.contents["file-result"] = self.dialect.table if result is None else result
            ended = {"status": status, "finished_at": int(time.time())}
            if status == "succeeded":
                ended |= {"fine_tuned_model": f"ft:starter:{job['id']}", "result_files": ["file-result"]}
            job.update(ended | values)

    def tell(self, **event: Any) -> None:
        """Add an event to every job; lists show the newest first."""
        for job in self.jobs:
            number = next(self.numbers)
            told = {"id": f"ev-{number}", "created_at": int(time.time()), "level": "info", "type": "message"}
            self.events.setdefault(job["id"], []).insert(0, told | {"message": "hello"} | event)

    def count(self, method: str, path: str) -> int:
        return sum(1 for m, p, _ in self.requests if m == method and re.search(path, p))


class Server(ThreadingHTTPServer):
    """Takes it calmly when a client that was killed or timed out is no longer there."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running(dialect: Dialect | None = None) -> Iterator[Service]:
    """Serve on a free port for the time of the block."""
    service = Service(dialect=dialect or Dialect())
    server = Server(("127.0.0.1", 0), _handler(service))
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def act(service: Service, method: str, path: str, body: bytes) -> Any:
    """Do what a request asks and return the answer."""
    dialect, place = service.dialect, path.removeprefix("/v1/")
    if place == "models":
        return dialect.models(service.models)
    if method == "POST" and place == dialect.upload:
        return _upload(service, body)
    if place.split("/")[0] == "files":
        return _files(service, method, place.split("/")[1:])
    if place == dialect.jobs or place.startswith(f"{dialect.jobs}/"):
        return _jobs(service, method, place.removeprefix(dialect.jobs).split("/")[1:], body)
    raise NotThere


def _upload(service: Service, body: bytes) -> Any:
    name = re.search(rb'filename="([^"]+)"', body)
    part = next(p for p in body.split(b"\r\n--") if b"filename=" in p)
    data = part.split(b"\r\n\r\n", 1)[1]
    service.dialect.take_file(data)
    made = {
        "id": f"file-{next(service.numbers)}",
        "object": "file",
        "filename": name[1].decode() if name else "",
        "bytes": len(data),
        "created_at": int(time.time()),
    }
    service.contents[made["id"]] = data
    service.files.insert(0, made)
    return made


def _files(service: Service, method: str, rest: list[str]) -> Any:
    if rest[1:] == ["content"]:
        if rest[0] not in service.contents:
            raise NotThere
        return service.dialect.content(service.contents[rest[0]])
    if method == "DELETE":
        service.files[:] = [file for file in service.files if file["id"] != rest[0]]
        return {"id": rest[0], "deleted": True}
    return service.files


def _jobs(service: Service, method: str, rest: list[str], body: bytes) -> Any:
    dialect = service.dialect
    if not rest and method == "GET":
        return [dialect.job(job) for job in service.jobs]
    if not rest:
        asked = json.loads(body)
        dialect.take_job(service, asked)
        made = asked | {"id": f"ftjob-{next(service.numbers)}", "status": "queued", "result_files": []}
        service.jobs.insert(0, made | {"created_at": int(time.time())})
        return dialect.job(service.jobs[0])
    job = next((job for job in service.jobs if job["id"] == rest[0]), None)
    if job is None:
        raise NotThere
    return _below(service, job, rest[1]) if rest[1:] else dialect.job(job)


def _below(service: Service, job: dict[str, Any], name: str) -> Any:
    dialect = service.dialect
    if name == "events":
        return [dialect.event(event) for event in dialect.order(service.events.get(job["id"], []))]
    if name == "checkpoints":
        return service.checkpoints
    if name == "metrics":
        return dialect.metrics(service)
    if name not in dialect.verbs:
        raise NotThere
    dialect.obey(job, name)
    return dialect.job(job)


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: a delayed acknowledgement costs 40 ms

        def serve(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with service.lock:
                service.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                fault = next((f for f in service.faults if f.method == self.command and re.search(f.path, path)), None)
                if fault:
                    service.faults.remove(fault)
            if fault and fault.delay:
                time.sleep(fault.delay)
            if fault and not fault.after and (fault.reset or fault.status):
                return self.fail(fault)
            try:
                if path.endswith("completions"):
                    service.asked.append(json.loads(body))
                    service.dialect.take_question(service.asked[-1])
                    return self.stream()
                with service.lock:
                    answer = act(service, self.command, path, body)
                    answer = self.page(answer, query) if isinstance(answer, list) else answer
            except NotThere:
                fault = Fault("", "", status=404, body='{"error": {"message": "No such object", "code": null}}')
            except Refusal as no:
                told = {"error": {"message": str(no), "code": no.code}}
                fault = Fault("", "", status=no.status, body=json.dumps(told))
            if fault and (fault.reset or fault.status):
                return self.fail(fault)
            return self.send(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), {})

        do_GET = do_POST = do_DELETE = serve  # noqa: N815 - the names http.server calls

        def page(self, items: list[dict[str, Any]], query: str) -> dict[str, Any]:
            if not service.lists_say_more:
                return {"object": "list", "data": items[:50]}
            asked = dict(part.split("=") for part in query.split("&") if part)
            begin = next((i + 1 for i, item in enumerate(items) if item.get("id") == asked.get("after", "")), 0)
            end = begin + int(asked.get("limit", 20))
            return {"object": "list", "data": items[begin:end], "has_more": end < len(items)}

        def fail(self, fault: Fault) -> None:
            if fault.reset:
                # Linger 0: the client sees a reset, not an end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            self.send(fault.status, fault.body.encode(), fault.headers)

        def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for chunk in service.chunks:
                self.wfile.write(chunk)
                self.wfile.flush()
            self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler
