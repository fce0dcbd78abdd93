"""The command line: `python -m lib.engine [--host] [--port] [--home] [--api-key] [--exit-with-parent]`.

Prints one line of JSON on stdout when it listens; everything else goes to stderr. Promises that two engines never
share a home, and that nothing but loopback is served without a key. `python -m lib.engine keys` and `... hooks` are
the operator's: see `manage.py`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout
from sqlalchemy.exc import DBAPIError

from lib.config import Settings, settings
from lib.engine import manage
from lib.engine.app import TRAINER, Engine
from lib.engine.door.guard import is_loopback
from lib.engine.limits import read_limits
from lib.engine.models.bases import Bases
from lib.engine.queue.devices import Device, find_devices
from lib.engine.queue.queue import Trainers

RAY_TRAINER = (sys.executable, "-m", "lib.engine.ray")
KEY_VARIABLE = "TUNEBOARD_ENGINE_API_KEY"
GOOD_KEY = re.compile(r"[\x21-\x7e]*")
WAIT_FOR_PREDECESSOR = 10
WAIT_FOR_STREAMS = 3


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    host: str
    port: int
    home: Path
    api_key: str
    exit_with_parent: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an engine until it is told to stop; return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in manage.COMMANDS:
        return manage.main(words)
    options = read_options(words)
    if not GOOD_KEY.fullmatch(options.api_key):
        return _refuse("an API key is made of visible ASCII characters without spaces.")
    if settings().engine_ray and find_spec("ray") is None:
        return _refuse("TUNEBOARD_ENGINE_RAY is set, but Ray is not installed: pip install -r requirements-ray.txt")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells whole URLs, and some webhooks' are secrets
    try:
        options.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = FileLock(options.home / "engine.lock", timeout=WAIT_FOR_PREDECESSOR).acquire()
    except Timeout:
        return _refuse(f"another engine runs on {options.home}. Choose another --home.")
    except OSError as problem:
        return _refuse(_unusable(options.home, problem))
    with held:
        return _run(options)


def _run(options: Options) -> int:
    """Serve on a home that is ours; return the exit status."""
    try:
        engine = make_engine(options, settings())
    except (OSError, DBAPIError) as problem:
        return _refuse(_unusable(options.home, problem))
    if not is_loopback(options.host) and not engine.has_key:
        how = f"Set --api-key or {KEY_VARIABLE}, or make a key with `python -m lib.engine keys add`."
        return _refuse(f"{options.host} is open to the network. {how}")
    serve(engine, options)
    return 0


def _unusable(home: Path, problem: OSError | DBAPIError) -> str:
    why = problem.strerror if isinstance(problem, OSError) else problem.orig
    return f"the engine cannot keep its data in {home}: {why}. It needs a folder that it may write to, or more room."


def make_engine(options: Options, told: Settings) -> Engine:
    """Return the engine that the command line and the settings describe."""
    return Engine(
        options.home,
        host=options.host,
        api_key=options.api_key,
        models=Bases(told.models, hub=told.engine_hub),
        limits=read_limits(told),
        trainer=_trainers(told),
        vllm=told.engine_vllm,
    )


def _trainers(told: Settings) -> Trainers:
    """Return where jobs are trained: on a Ray cluster if there is one, else on each device of this machine."""
    if told.engine_ray:
        return Trainers(RAY_TRAINER, (Device("Ray", far=True),) * told.engine_ray_slots)
    return replace(TRAINER, devices=find_devices(told.engine_slots))


def _refuse(why: str) -> int:
    sys.stderr.write(f"Refused: {why}\n")
    return 2


def read_options(arguments: Sequence[str] | None) -> Options:
    """Read the command line; the key may come from the environment, where `ps` does not show it."""
    parser = argparse.ArgumentParser(
        prog="python -m lib.engine",
        description="Serve OpenAI's fine-tuning protocol. For the operator: `keys --help` and `hooks --help`.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    manage.add_home(parser)
    parser.add_argument("--api-key", default="", help=f"key that clients must send; or set {KEY_VARIABLE}")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin closes")
    given = parser.parse_args(arguments)
    key = given.api_key or os.environ.get(KEY_VARIABLE, "")
    return Options(given.host, given.port, given.home.resolve(), key.strip(), given.exit_with_parent)


def serve(engine: Engine, options: Options) -> None:
    """Listen and serve until a signal, or the parent's end, says stop."""
    server = make_server(engine, options.host, options.port)
    if options.exit_with_parent:
        threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    server.run()  # on uvloop where it is installed: each wake-up of asyncio's own loop costs the first token more


def make_server(engine: Engine, host: str, port: int) -> uvicorn.Server:
    """Return the server that is going to listen."""
    config = uvicorn.Config(
        engine.app,
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=WAIT_FOR_STREAMS,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Uvicorn, telling where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # Uvicorn makes the socket itself: on one handed to it, asyncio would leave Nagle's delay of 40 ms on.
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            sys.stdout.write(json.dumps({"event": "listening", "host": host, "port": port}) + "\n")
            sys.stdout.flush()


def _stop_with_parent(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
