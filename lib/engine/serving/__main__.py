"""`python -m lib.engine.serving`: hear requests on standard input, say events on standard output, a JSON line each.

Ends when standard input closes. Libraries that print do so on standard error: the lines are ours alone.
"""

from __future__ import annotations

import os
import sys
import threading
import time

BEAT_SECONDS = 5.0
"""How often a worker with nothing to tell says that it moves."""


def main() -> None:
    """Serve until standard input closes."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve whatever runs beside
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from lib.engine.serving.protocol import HOLD_SECONDS, Writer  # noqa: PLC0415 - torch must not load before the streams are set
    from lib.engine.serving.worker import Worker  # noqa: PLC0415

    worker = Worker(Writer(lines, HOLD_SECONDS))

    def listen() -> None:
        for line in sys.stdin:
            worker.hear(line)
        os._exit(0)

    def beat() -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            worker.beat()

    threading.Thread(target=listen, daemon=True).start()
    threading.Thread(target=beat, daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
