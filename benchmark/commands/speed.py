"""`promptnoise speed`: time the suite against a plain loop, in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from benchmark.commands._folders import check_writable
from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.screen import Screen
from benchmark.speed import CASES
from datamodules.errors import nearest
from datamodules.names import split_list

GROUP = "train"

#: Rounds, or threads, beyond which somebody has mistyped.
MOST = 10_000
#: How the table begins, by which it is known as ours.
MARK = b"^case,backbone,classes,runs,against,"


@dataclass(frozen=True)
class Options:
    """Time the same runs in a plain loop and in packs; print ratios and write speed.csv.

    Seconds are processor time on a CPU and wall-clock time on a GPU.
    """

    out: Path = Path("results/speed.csv")
    """The table to write; - prints it, and all else on standard error."""

    cases: str = ",".join(CASES)
    """Which cases: text, step, trainings, growth, packs, memory; on a GPU also peak and campaign."""

    devices: str = "auto"
    """auto (the first GPU, else the CPU), cpu, or a GPU's number."""

    rounds: Annotated[int, Ge(1), Le(MOST)] = 3
    """Number of rounds."""

    threads: Annotated[int, Ge(1), Le(MOST)] = 1
    """CPU threads."""

    quick: bool = False
    """A short version: fewer cases, one round."""


def main(options: Options) -> int:
    """Runs the cases and writes the table after each."""
    table, chosen = OneFile(options.out, MARK), split_list(options.cases)
    _check(options, table, chosen)
    console = Screen(stderr=table.is_printed)
    with console.loading("torch"):
        import torch

        from benchmark.run.devices import keep_to, parse_devices
        from benchmark.speed import embedded, paper_grid, text_pass, training_step
        from benchmark.speed.cases import Row, Settings, as_csv, line_of, table_of

        settings = Settings(keep_to(parse_devices(options.devices)[0]), options.rounds, options.quick)
    torch.set_num_threads(options.threads)
    work = (
        text_pass.text, training_step.step, embedded.trainings, text_pass.growth, embedded.packs, text_pass.memory,
        text_pass.peak, paper_grid.campaign,
    )  # fmt: skip
    cases = dict(zip(CASES, work, strict=True))
    rows: list[Row] = []
    for name in chosen:
        with console.status(name):
            for row in cases[name](settings):
                rows.append(row)
                if not table.is_printed:
                    table.write(as_csv(rows))
                console.say(line_of(row))
    console.print(table_of(rows))
    if table.is_printed:
        table.write(as_csv(rows))
    else:
        console.say(f"speed: {table.path}")
    return 0


def _check(options: Options, table: OneFile, chosen: list[str]) -> None:
    if not chosen:
        raise BadInput(f"no cases given; name at least one of {', '.join(CASES)}")
    check_writable("the folder of --out", options.out.parent)
    table.check()
    for name in chosen:
        if name not in CASES:
            raise BadInput(f"unknown case {name!r}: {nearest(name, CASES)}")
