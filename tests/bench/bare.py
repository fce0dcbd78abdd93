"""A bare Starlette route on uvicorn, in a process of its own: the least that an answer over HTTP costs.

`python -m tests.bench.bare FILE` answers every GET with the file's bytes, prints its port, and ends with its parent.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main(path: Path) -> None:
    """Serve until standard input closes."""
    body = path.read_bytes()

    def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    threading.Thread(target=_tell, args=(server,), daemon=True).start()
    server.run()


def _tell(server: uvicorn.Server) -> None:
    while not server.started:
        time.sleep(0.002)
    port = server.servers[0].sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


def _end_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
