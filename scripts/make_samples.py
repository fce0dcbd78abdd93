"""Write the sample files that are composed from parts: `python -m scripts.make_samples`.

Running it again gives the same bytes. The other samples were written by hand and live only in `data/samples`.
"""

from __future__ import annotations

import csv
import io

from lib.config import SAMPLES
from scripts.samples.products import products_xlsx
from scripts.samples.stories import stories


def stories_csv() -> bytes:
    """Return the stories as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dynasty", "power", "mood", "story"])
    writer.writerows((s.dynasty, s.power, s.mood, s.text) for s in stories())
    return text.getvalue().encode("utf-8")


def main() -> None:
    """Write every generated sample."""
    for name, data in (("stories.csv", stories_csv()), ("products.xlsx", products_xlsx())):
        (SAMPLES / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
