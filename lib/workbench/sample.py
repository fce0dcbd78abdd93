"""A part of a file that stands for all of it: pieces spread evenly from the start to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lib.datasets.source import Chunk

SAMPLE_BYTES = 2 * 2**20
"""Looked at for a first answer within a second, on any machine that runs the rest."""
PLACES = 16


def spread(pieces: Sequence[Chunk], size: int) -> list[Chunk]:
    """Return the starts of evenly spread pieces, `size` bytes together but for the last line of each."""
    if sum(piece.end - piece.start for piece in pieces) <= size:
        return list(pieces)
    places = min(PLACES, len(pieces))
    chosen = [pieces[number * len(pieces) // places] for number in range(places)]
    return [start_of(piece, size // places) for piece in chosen]


def start_of(piece: Chunk, size: int) -> Chunk:
    """Return a piece up to the end of the line that holds its byte `size`."""
    if piece.end - piece.start <= size:
        return piece
    with Path(piece.path).open("rb") as file:
        file.seek(piece.start + size)
        while (line := file.readline(2**18)) and not line.endswith(b"\n"):
            pass
        return replace(piece, end=min(piece.end, file.tell()))


def share_of(part: Sequence[Chunk], pieces: Sequence[Chunk]) -> float:
    """Return the part of the bytes that some pieces hold."""
    whole = sum(piece.end - piece.start for piece in pieces)
    return sum(piece.end - piece.start for piece in part) / whole if whole else 1.0
