"""`promptnoise compare`: do two results folders say the same?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark import compare


@dataclass(frozen=True)
class Options:
    """Compare the leaderboards of two results folders: two versions, two machines, or results/reference and yours."""

    a: Path
    """A results folder."""

    b: Path
    """Another one."""

    tolerance: float = compare.TOLERANCE
    """Points of accuracy that a cell may differ by."""


def main(options: Options) -> int:
    """Prints the differences; 0 if every cell of a is in b and agrees, else 1."""
    comparison = compare.compare(options.a, options.b, options.tolerance)
    compare.show(comparison, Console())
    return 0 if comparison.agrees else 1
