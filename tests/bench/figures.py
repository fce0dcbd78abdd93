"""A figure, the reference it is held against, and how both are printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`ours` and `reference` in the same unit, measured in the same run."""

    name: str
    ours: float
    reference: float
    unit: str
    against: str

    def row(self) -> str:
        """Return a line: name, ours, reference, ratio."""
        ratio = self.ours / self.reference if self.reference else float("nan")
        figures = f"{_short(self.ours):>12}{_short(self.reference):>12}"
        return f"{self.name:<44}{figures} {self.unit:<10}{ratio:>7.2f}x  {self.against}"


def _short(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"


HEADER = f"{'figure':<44}{'ours':>12}{'reference':>12} {'unit':<10}{'ratio':>8}  against"
