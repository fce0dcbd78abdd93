"""`python -m lib.engine.training JOB_DIR`: train the job described in JOB_DIR/spec.json.

Exit code 0 when the model is in its place, 1 after an `error` line, 74 when not even that could be written, 143 when
told to stop by SIGTERM or when whoever started it is gone (its standard input, a pipe, has closed). It stops after the
step under way, with a point on disk to go on from; a step longer than the grace period (see `stop`) is lost. Stopping
is always safe, also by force: what lies on disk is complete.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
import threading
from pathlib import Path

from lib.engine.training.fetch import fetch
from lib.engine.training.report import Reporter, TrainingProblem
from lib.engine.training.spec import read_spec
from lib.engine.training.stop import STOPPED, Stop, Stopped

UNHEARD = os.EX_IOERR if hasattr(os, "EX_IOERR") else 74


def main(folder: Path, stop: Stop) -> int:
    """Train one job; return the exit code."""
    with Reporter(folder / "events.jsonl") as report:
        return _train(folder, report, stop)


def _train(folder: Path, report: Reporter, stop: Stop) -> int:
    try:
        spec = read_spec(folder)
        if spec.hub and spec.base:
            fetch(spec.hub, spec.base, report)
        from lib.engine.training.job import train  # noqa: PLC0415 - torch takes seconds to load; a bad spec need not wait

        train(spec, report, stop)
    except Stopped:
        return STOPPED
    except TrainingProblem as problem:
        return _tell(report, problem)
    except Exception as error:
        code = _tell(report, problem_of(error))
        if isinstance(error, MemoryError | RuntimeError | OSError):
            return code
        raise
    return 0


def _tell(report: Reporter, problem: TrainingProblem) -> int:
    """Write the `error` line; where the disk takes none, let the last printed words say it."""
    try:
        report.error(problem)
    except OSError:
        sys.stderr.write(f"{problem.message}\n")
        return UNHEARD
    return 1


def problem_of(error: Exception) -> TrainingProblem:
    """Say in a sentence what broke."""
    text = str(error)
    if isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return TrainingProblem(
            "Out of memory: use a smaller batch size, shorter examples or a smaller base model.", code="out_of_memory"
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"Disk full: {error}. What was saved before is intact. Make room and start the job again."
        return TrainingProblem(message, code="storage_error")
    if isinstance(error, OSError):
        return TrainingProblem(f"A file could not be read or written: {error}.", code="storage_error")
    return TrainingProblem(f"Training failed: {type(error).__name__}: {text}", code="training_failed")


def stop_on_signal(stop: Stop) -> None:
    """Listen for SIGTERM in a thread: in the middle of a long computation a Python handler would wait for its end."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait() -> None:
        signal.sigwait({signal.SIGTERM})
        stop.ask()

    threading.Thread(target=wait, daemon=True).start()


def stop_with_parent(stop: Stop) -> None:
    """Stop when standard input closes, if it is a pipe: whoever held its other end is gone."""
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        stop.ask()

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve whatever runs beside
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    wish = Stop()
    stop_on_signal(wish)
    stop_with_parent(wish)
    sys.exit(main(Path(sys.argv[1]), wish))
