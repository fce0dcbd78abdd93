"""Start the real engine process with the fake trainer and worker: `launch.py HOME`. For tests that kill it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lib.engine.__main__ import read_options, serve
from lib.engine.app import Engine
from lib.engine.queue.queue import Trainers

FAKES = Path(__file__).parent / "fakes"

if __name__ == "__main__":
    options = read_options(["--home", sys.argv[1], "--exit-with-parent"])
    trainer = Trainers((sys.executable, str(FAKES / "trainer.py")))
    worker = (sys.executable, str(FAKES / "worker.py"))
    serve(Engine(options.home, trainer=trainer, worker=worker), options)
