"""`python -m tests.bench.bare FILE`: a Starlette server that answers everything with the bytes of a file.

Prints its port as the engine does, and ends when standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Server(uvicorn.Server):
    """Uvicorn, telling its port once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()


def main(file: Path) -> None:
    """Serve until standard input closes."""
    body = file.read_bytes() if file.exists() else b"{}"

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer)])
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False, ws="none"))

    def listen() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=listen, daemon=True).start()
    asyncio.run(server.serve())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
