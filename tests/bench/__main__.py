"""Print every figure beside its reference. Takes a few minutes; nothing else should run meanwhile."""

from __future__ import annotations

import sys

from tests.bench import api, curves, faults, jobs, memory, pages, playground, serving, starter, training, workbench
from tests.bench.figures import HEADER

PARTS = {
    "serving": serving,
    "training": training,
    "starter": starter,
    "playground": playground,
    "api": api,
    "pages": pages,
    "curves": curves,
    "workbench": workbench,
    "memory": memory,
    "faults": faults,
    "jobs": jobs,
}


def main(names: list[str]) -> None:
    """Run the named parts, or all."""
    print(HEADER)
    for name in names or PARTS:
        for figure in PARTS[name].measure():
            print(figure.row(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
