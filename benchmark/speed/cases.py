"""Settings of the cases of the speed benchmark, and the rows that they return, as a file and on a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import pandas as pd
import torch
from rich.table import Table

from benchmark.screen import table
from benchmark.speed.clock import Work, race
from benchmark.speed.peak import matmul_peak, operations, peak_bytes


@dataclass(frozen=True)
class Settings:
    """The device and its precision, how often rivals take turns, and whether to keep it short."""

    device: str = "cpu"
    rounds: int = 3
    quick: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """The towers' precision."""
        return torch.float32 if self.device == "cpu" else torch.bfloat16


@dataclass
class Row:
    """One line of speed.csv: seconds, operations and memory of one run, by the baseline and by the suite.

    `ratio_*` says how many times the suite is faster, `floor` how many times fewer operations it needs. `share` is the
    part of the machine's measured matmul peak that the suite's operations reach.
    """

    case: str
    backbone: str
    classes: int
    runs: int
    against: str
    shots: int | None = None
    baseline_s: float | None = None
    suite_s: float | None = None
    ratio_min: float | None = None
    ratio_median: float | None = None
    ratio_max: float | None = None
    target: float | None = None
    baseline_gflop: float | None = None
    suite_gflop: float | None = None
    floor: float | None = None
    share: float | None = None
    baseline_mib: float | None = None
    suite_mib: float | None = None
    device: str = ""
    threads: int = 0

    def timed(
        self, baseline: Work, suite: Work, settings: Settings, most: int = 10_000, warm: int = 1, trained: int = 1
    ) -> Row:
        """Fills in a race of `most` rounds between a baseline that trains `trained` runs and the suite with all."""
        rounds, shares = 1 if settings.quick else settings.rounds, {"baseline": 1 / trained, "suite": 1 / self.runs}
        found = race({"baseline": baseline, "suite": suite}, min(most, rounds), settings.device, shares, warm)
        self.baseline_s, self.suite_s = found.median("baseline"), found.median("suite")
        self.ratio_min, self.ratio_median, self.ratio_max = found.ratio("baseline", "suite")
        self.device, self.threads = settings.device, torch.get_num_threads()
        if self.suite_gflop:
            peak = matmul_peak(settings.device, settings.dtype)
            self.share = 1e9 * self.suite_gflop / self.suite_s / peak
        return self

    def counted(self, baseline: Work, suite: Work) -> Row:
        """Fills in operations, of the suite one run's part."""
        self.baseline_gflop, self.suite_gflop = operations(baseline) / 1e9, operations(suite) / self.runs / 1e9
        self.floor = self.baseline_gflop / self.suite_gflop
        return self

    def weighed(self, baseline: Work | None, suite: Work, settings: Settings) -> Row:
        """Fills in the peak memory of what stands side by side, not one run's part of it."""
        if baseline is not None:
            self.baseline_mib = peak_bytes(baseline, settings.device) / 2**20
        self.suite_mib = peak_bytes(suite, settings.device) / 2**20
        self.device, self.threads = settings.device, torch.get_num_threads()
        return self


def as_csv(rows: list[Row]) -> str:
    """The rows as CSV, four significant digits."""
    made = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Row)])
    return str(made.to_csv(index=False, float_format="%.4g"))


def line_of(row: Row) -> str:
    """What a row found, as soon as it is there."""
    what = f"{row.case}, {row.backbone}, {row.classes} classes, {row.runs} runs, against {row.against}"
    if row.ratio_median is not None:
        return f"{what}: {row.ratio_median:.1f} times"
    return f"{what}: {row.suite_mib:,.0f} MiB" if row.suite_mib else f"{what}: {row.suite_s:,.0f} s"


def table_of(rows: list[Row]) -> Table:
    """All rows, for the terminal; `bound` is the ratio of operations, `peak` a share of a matrix product's speed."""
    head = ("case", "against", "classes", "runs", "times", "aim", "bound", "peak", "MiB")
    cells = []
    for row in rows:
        shots = f", {row.shots} shots" if row.shots else ""
        target = f"{row.target:,.0f}" if row.target else ""
        median, floor = (f"{one:.1f}" if one else "" for one in (row.ratio_median, row.floor))
        share = f"{row.share:.0%}" if row.share else ""
        memory = f"{row.suite_mib:,.0f}" if row.suite_mib else ""
        what = f"{row.case}, {row.backbone}{shots}"
        cells.append([what, row.against, str(row.classes), str(row.runs), median, target, floor, share, memory])
    return table(head, cells, "times faster, per run", left=2, rigid=True)
