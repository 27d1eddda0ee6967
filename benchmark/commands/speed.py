"""`promptnoise speed`: time the suite against a plain loop, in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from benchmark.commands._folders import check_writable
from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.screen import Screen
from datamodules.errors import nearest
from datamodules.names import split_list

GROUP = "train"

if TYPE_CHECKING:
    from benchmark.speed.cases import Row

CASES = ("text", "step", "trainings", "growth", "packs", "memory", "peak", "campaign")
#: Rounds, or threads, beyond which somebody has mistyped.
MOST = 10_000
#: How the table begins, by which it is known as ours.
MARK = b"^case,backbone,classes,runs,against,"


@dataclass(frozen=True)
class Options:
    """Train the same runs in a plain loop and in packs, in turns; print ratios, write speed.csv.

    On a CPU, seconds are the processor's, so that other programs matter less; on a GPU they are the wall clock's.
    """

    out: Path = Path("results/speed.csv")
    """The table to write; - prints it, and all else on standard error."""

    cases: str = ",".join(CASES)
    """Which cases: text, step, trainings, growth, packs, memory; on a GPU also peak and campaign."""

    devices: str = "auto"
    """auto (the first GPU, else the CPU), cpu, or a GPU's number."""

    rounds: int = 3
    """How often the rivals take turns."""

    threads: int = 1
    """CPU threads."""

    quick: bool = False
    """A short version: fewer cases, one round."""


def main(options: Options) -> int:
    """Runs the cases and writes the table after each."""
    chosen = split_list(options.cases)
    if not chosen:
        raise BadInput(f"no cases given; name at least one of {', '.join(CASES)}")
    table = OneFile(options.out, MARK)
    check_writable("the folder of --out", options.out.parent)
    table.check()
    for name in chosen:
        if name not in CASES:
            raise BadInput(f"unknown case {name!r}: {nearest(name, CASES)}")
    for option in ("rounds", "threads"):
        if not 1 <= getattr(options, option) <= MOST:
            raise BadInput(f"{option} is {getattr(options, option)}, should be at least 1 and at most {MOST}")
    console = Screen(stderr=table.is_printed)
    with console.status("loading torch"):
        import torch

        from benchmark.run.devices import parse_devices
        from benchmark.speed import embedded, paper_grid, text_memory, text_pass, training_step
        from benchmark.speed.cases import Case, Settings, as_csv

        settings = Settings(parse_devices(options.devices)[0], options.rounds, options.quick)
    torch.set_num_threads(options.threads)
    work = (
        text_pass.text, training_step.step, embedded.trainings, text_pass.growth, embedded.packs, text_memory.memory,
        text_pass.peak, paper_grid.campaign,
    )  # fmt: skip
    cases: dict[str, Case] = dict(zip(CASES, work, strict=True))
    rows: list[Row] = []
    for name in chosen:
        with console.status(name):
            for row in cases[name](settings):
                rows.append(row)
                if not table.is_printed:
                    table.write(as_csv(rows))
                console.print(_line(row), highlight=False, markup=False, soft_wrap=True)
    console.print(_table(rows))
    if table.is_printed:
        table.write(as_csv(rows))
    else:
        console.print(f"speed: {table.path}", highlight=False, markup=False, soft_wrap=True)
    return 0


def _line(row: Row) -> str:
    """What a row found, as soon as it is there."""
    what = f"{row.case}, {row.backbone}, {row.classes} classes, {row.runs} runs, against {row.against}"
    if row.ratio_median is not None:
        return f"{what}: {row.ratio_median:.1f} times"
    return f"{what}: {row.suite_mib:,.0f} MiB" if row.suite_mib else f"{what}: {row.suite_s:,.0f} s"


def _table(rows: list[Row]) -> Table:
    table = Table(title="times faster, per run", caption="of peak: of the measured speed of a matrix product")
    for column in ("case", "against", "classes", "runs", "shots", "times", "target", "operations", "of peak", "MiB"):
        table.add_column(column, justify="left" if column in ("case", "against") else "right")
    for row in rows:
        times = "" if row.ratio_median is None else f"{row.ratio_median:.1f} ({row.ratio_min:.1f}-{row.ratio_max:.1f})"
        counts = (row.classes, row.runs, row.shots)
        shares = (row.floor and f"{row.floor:.1f}", row.share and f"{row.share:.0%}")
        words = (*counts, times, row.target, *shares, row.suite_mib and f"{row.suite_mib:,.0f}")
        table.add_row(
            escape(f"{row.case}, {row.backbone}"),
            escape(row.against),
            *("" if word is None else str(word) for word in words),
        )
    return table
