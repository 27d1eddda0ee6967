"""The first minutes on a GPU: `doctor --deep` runs every kind of work within a bound, and writes one page to send."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen, TimeoutExpired
from time import monotonic
from typing import NamedTuple

from benchmark.commands import COMMANDS
from benchmark.outputs.single import OneFile
from benchmark.report.markdown import table
from benchmark.screen import Screen

#: The first words of a page, by which it is known as ours.
MARK = b"# GPU check"
GRID = (
    "bench",
    "--methods=zero_shot,coop,gce,dspt,linear_probe,em_means",
    "--datasets=digits,flipped",
    "--noise=0,0.5",
)
VISUAL = "--methods=vpt,upt,maple,promptsrc,clip_lora,cocoop"
#: Lines of a step's output that the page shows.
SHOWN = 40


class Step(NamedTuple):
    """A command of promptnoise, and the seconds that it may take."""

    name: str
    bound: int
    arguments: tuple[str, ...]


def steps(work: Path, devices: str) -> list[Step]:
    """What is run, in order, with results below `work`; the bounds make six minutes together.

    Cells of a CPU in float32 and a GPU in bf16 may differ by 1.5 points. `speed` is there in a checkout alone.
    """
    one = ("--seeds=1", "--datasets=digits", "--noise=0.5", f"--devices={devices}")
    planned = [
        Step("doctor", 40, ("doctor",)),
        Step("grid", 60, (*GRID, f"--devices={devices}", f"--out={work}/gpu")),
        Step("grid on the CPU", 80, (*GRID, "--devices=cpu", f"--out={work}/cpu")),
        Step("same numbers", 20, ("compare", f"{work}/cpu", f"{work}/gpu", "--tolerance=1.5")),
        Step("all methods", 60, ("bench", "--methods=all", "--epochs=3", *one, f"--out={work}/methods")),
        Step("pictures", 40, ("bench", VISUAL, "--backbone=embedded-vit", "--epochs=2", *one, f"--out={work}/vit")),
        Step("speed", 60, ("speed", "--quick", f"--devices={devices}", f"--out={work}/speed.csv")),
    ]
    return [step for step in planned if step.arguments[0] in COMMANDS]


class Outcome(NamedTuple):
    """What became of a step: its seconds, and `ok`, `exit N` or `over N s`, with the last lines of its output."""

    step: Step
    seconds: float
    verdict: str
    lines: list[str]


def run(step: Step) -> Outcome:
    """Runs a step in a process group of its own, which ends with it."""
    begun = monotonic()
    command = [sys.executable, "-m", "benchmark", *step.arguments]
    wide = {**os.environ, "COLUMNS": "140"}
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, errors="replace", process_group=0, env=wide) as process:
        try:
            output, _ = process.communicate(timeout=step.bound)
            verdict = "ok" if process.returncode == 0 else f"exit {process.returncode}"
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            if not isinstance(error, TimeoutExpired):
                raise
            output, verdict = process.communicate()[0], f"over {step.bound} s"
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return Outcome(step, monotonic() - begun, verdict, lines[-SHOWN:])


def page(outcomes: Sequence[Outcome], device: str) -> str:
    """The page: a table of steps, and the last lines of each."""
    rows = [[each.step.name, f"{each.seconds:.0f} s", f"{each.step.bound} s", each.verdict] for each in outcomes]
    parts = [f"{MARK.decode()}: {device}", table(["step", "took", "bound", "result"], rows)]
    for each in outcomes:
        command = " ".join(["promptnoise", *each.step.arguments])
        parts.append("\n".join([f"## {each.step.name}", "```", f"$ {command}", *each.lines, "```"]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def check(file: OneFile, console: Screen, devices: str = "auto") -> int:
    """Runs all steps and writes the page; 1 if one of them failed or took too long. "auto" runs nothing without a GPU.

    Raises BadInput: something that is not ours stands in the page's place.
    """
    import torch

    file.check()
    if devices == "auto" and not torch.cuda.is_available():
        console.say("deep check: there is no GPU here, so nothing was run", "yellow")
        return 0
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU, so this says nothing about one"
    found: list[Outcome] = []
    for step in steps(file.path.parent / "work", devices):
        console.say(f"{step.name}: promptnoise {' '.join(step.arguments)}", "dim")
        found.append(run(step))
        console.say(f"  {found[-1].verdict}, {found[-1].seconds:.0f} of {step.bound} s")
        file.write(page(found, f"{name}, torch {torch.__version__}"))
    console.say(f"page: {file.path}")
    return int(any(each.verdict != "ok" for each in found))
