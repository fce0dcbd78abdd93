"""`python -m lib.engine.ray JOB_DIR`: have a Ray cluster train the job, and be a trainer like any other meanwhile.

Keeps the contract of `lib.engine.training`: lines in JOB_DIR/events.jsonl, exit code 0 with the model in its place, 1
after an `error` line, 143 when told to stop.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lib.config import settings
from lib.engine.training.__main__ import stop_on_signal, stop_with_parent
from lib.engine.training.stop import Stop

if __name__ == "__main__":
    wish = Stop()
    stop_on_signal(wish)
    stop_with_parent(wish)
    # Ray starts threads when it is imported; only those that come after the line above leave SIGTERM to us.
    from lib.engine.ray.driver import drive

    code = drive(Path(sys.argv[1]), settings(), wish)
    sys.stdout.flush()
    os._exit(code)  # what Ray still holds open is the cluster's to clear away
