"""`python -m tests.bench.bare_stream`: a server that streams one word at once; prints its port.

What a first token through HTTP takes on this machine when nothing has to be thought of.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import AsyncIterator
from socket import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


async def say(request: Request) -> Response:
    """Answer with one word."""
    await request.json()
    return StreamingResponse(_frames(), media_type="text/event-stream")


async def _frames() -> AsyncIterator[bytes]:
    yield b'data: {"choices": [{"text": "word"}]}\n\n'
    yield b'data: {"usage": {"completion_tokens": 1}}\n\n'


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f'{{"port": {self.servers[0].sockets[0].getsockname()[1]}}}\n')
        sys.stdout.flush()


def main() -> None:
    """Serve until standard input closes."""
    app = Starlette(routes=[Route("/v1/completions", say, methods=["POST"])])
    server = _Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, ws="none"))

    def end() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
