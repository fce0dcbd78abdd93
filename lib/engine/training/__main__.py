"""`python -m lib.engine.training JOB_DIR`: train the job described in JOB_DIR/spec.json.

Exit code 0 when the model is in its place, 1 after an `error` line, 143 when told to stop by SIGTERM or when whoever
started it is gone (its standard input, a pipe, has closed). Stopping is always safe: what lies on disk is complete.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from pathlib import Path

from lib.engine.training.report import Reporter, TrainingProblem
from lib.engine.training.spec import read_spec

STOPPED = 143


def main(folder: Path) -> int:
    """Train one job; return the exit code."""
    with Reporter(folder / "events.jsonl") as report:
        return _train(folder, report)


def _train(folder: Path, report: Reporter) -> int:
    try:
        spec = read_spec(folder)
        from lib.engine.training.job import train  # noqa: PLC0415 - torch takes seconds to load; a bad spec need not wait

        train(spec, report)
    except TrainingProblem as problem:
        report.error(problem)
        return 1
    except Exception as error:
        report.error(_problem_of(error))
        if isinstance(error, MemoryError | RuntimeError | OSError):
            return 1
        raise
    return 0


def _problem_of(error: Exception) -> TrainingProblem:
    """Say in a sentence what broke."""
    text = str(error)
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return TrainingProblem(
            "Out of memory: use a smaller batch size, shorter examples or a smaller base model.", code="out_of_memory"
        )
    if isinstance(error, OSError):
        return TrainingProblem(f"A file could not be read or written: {error}.", code="storage_error")
    return TrainingProblem(f"Training failed: {type(error).__name__}: {text}", code="training_failed")


def stop_on_signal() -> None:
    """Exit at once on SIGTERM, also in the middle of a long computation, where a Python handler would wait for it."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        os._exit(STOPPED)

    threading.Thread(target=wait, daemon=True).start()


def stop_with_parent() -> None:
    """Exit when standard input closes, if it is a pipe: whoever held its other end is gone."""
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(STOPPED)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve whatever runs beside
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    stop_on_signal()
    stop_with_parent()
    sys.exit(main(Path(sys.argv[1])))
