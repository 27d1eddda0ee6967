"""`promptnoise plan`: tell how long a grid takes on so many devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.plan import name_checks
from benchmark.plan import options as bench
from benchmark.plan.axes import Run
from benchmark.plan.forecast import Costs, Forecast, Measured, forecast
from benchmark.plan.gpu_hours import PEAKS, Counts, in_room, in_time, phrase
from benchmark.plan.packs import packs
from benchmark.records.store import Store
from benchmark.screen import Screen, table
from datamodules.names import number_of, split_list

GROUP = "train"
#: Devices beyond which somebody has mistyped.
MOST = 100_000


@dataclass(frozen=True, kw_only=True)
class Options(bench.Options):
    """Estimate the time of the grid that `bench` would train with these options, finished runs included.

    The cost of a run is what equal runs took in the records of `--costs`, or is scaled from runs of its backbone.
    Without any, hours on common GPUs are estimated from FLOP.
    """

    devices: str = "1,8,64,1000"
    """Numbers of devices to simulate."""

    costs: str = ""
    """Results folders whose records tell what runs cost, separated by commas; the default is --out."""


def main(options: Options) -> int:
    """Prints a table for each kind of device in the records."""
    console = Screen()
    numbers = bench.numbers("devices", options.devices, int)
    if not all(1 <= number <= MOST for number in numbers):
        raise BadInput(f"--devices={options.devices} should be numbers of devices from 1 to {MOST:,}: 1,8,64")
    folders = split_list(options.costs) or [str(options.out)]
    records = [record for folder in folders for record in Store(Path(folder).expanduser()).load().records]
    measured = [Measured(record.run, record.seconds, record.device) for record in records]
    runs = options.grid().runs()
    datasets, backbones = ({getattr(run, axis): None for run in runs} for axis in ("dataset", "backbone"))
    name_checks.check_names(datasets, backbones)
    for line in name_checks.assumed(datasets, options.data):
        console.say(line, "yellow")
    if not any(each.run.backbone in backbones for each in measured):
        return _estimated(console, options, runs, numbers, folders)
    kinds = Counter(each.device for each in measured if each.run.backbone in backbones)
    for device, count in kinds.most_common():
        costs = Costs.of(measured, device)
        rows = [forecast(runs, options.pack, number, costs) for number in numbers]
        title = f"{number_of(len(runs), 'run')} on {device}, costs from {number_of(count, 'record')}"
        hours = "device-hours" if "cpu" in device else "GPU-hours"
        head = ("devices", "packs", "takes", "ideal", "busy", hours, "of them idle")
        console.print(table(head, map(_row, rows), title, left=0))
    return 0


def _estimated(
    console: Screen, options: Options, runs: Sequence[Run], numbers: Sequence[int], folders: Sequence[str]
) -> int:
    """Prints what the runs would take on common GPUs. Raises BadInput: the sizes of a backbone are not known."""
    known = {number: each for number in numbers if (each := Counts.of(packs(runs, options.pack, number)))}
    if cost := "" if known or options.costs else phrase(packs(runs, options.pack)):
        console.say(f"{number_of(len(runs), 'run')}, {cost}")
        return 0
    if not known:
        raise BadInput(
            f"no records in {', '.join(folders)} of {', '.join(sorted({run.backbone for run in runs}))}, whose cost "
            "is known from records only; train a few runs first, or name other records by --costs=FOLDER"
        )
    rows = []
    for gpu, (number, each) in product(PEAKS, known.items()):
        found = each.on(gpu, options.precision, number)
        hours = [f"{number * found.seconds / 3600:.2f}", f"{100 * found.encoding / found.seconds:.0f} %"]
        rows.append([gpu, str(number), in_time(found.seconds), *hours])
    title = f"{number_of(len(runs), 'run')}, estimated from FLOP"
    console.print(table(["GPU", "devices", "takes", "GPU-hours", "encoding"], rows, title, left=1))
    disk, memory = (max(getattr(each, name) for each in known.values()) for name in ("disk", "memory"))
    console.say(f"{in_room(disk, memory)}, in {options.precision.replace('auto', 'bf16')}")
    return 0


def _row(found: Forecast) -> list[str]:
    held = found.devices * found.makespan
    times = [in_time(found.makespan), in_time(found.ideal), f"{100 * found.utilisation:.1f} %"]
    hours = [f"{seconds / 3600:.2f}" for seconds in (held, max(0.0, held - found.busy))]
    return [str(found.devices), str(found.packs), *times, *hours]
