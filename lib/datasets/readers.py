"""File bytes -> Table, whatever the kind of file.

Raises a `DatasetError` for a file that can't be read; never returns a table without rows.
"""

from __future__ import annotations

from lib.datasets.table import Table


def read_table(  # noqa: PLR0913 - one override for each thing that is detected
    data: bytes,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header: bool | None = None,
) -> Table:
    """Read a file by its content and name. What is not given is detected and said in `Table.evidence`."""
    raise NotImplementedError
