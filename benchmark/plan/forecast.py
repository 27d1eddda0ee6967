"""How long a grid takes, from the seconds that earlier runs took, simulated for some devices. Imports no torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmark.errors import BadInput
from benchmark.plan import method_catalog
from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack, packs
from benchmark.plan.schedule import in_order


class Measured(NamedTuple):
    """A run of which it is known how long it took, its part of its pack, and on what."""

    run: Run
    seconds: float
    device: str


class Forecast(NamedTuple):
    """A campaign on some devices, simulated: seconds from start to end, and what the shortest possible would take.

    `ideal` is the time of all packs over the devices, or that of the longest run where this is longer. `utilisation`
    is the fraction of the devices' time in which they train, 0 to 1.
    """

    devices: int
    packs: int
    makespan: float
    ideal: float
    utilisation: float
    busy: float


@dataclass(frozen=True)
class Costs:
    """Seconds of a run on one kind of device: as measured, or scaled from runs of the same backbone.

    `exact` has the mean seconds of runs that differ in noise and seed alone, `rates` the seconds by unit of
    `Pack.cost` of a backbone's runs, and `methods` by how much a method takes longer than its backbone's rate says.
    """

    device: str
    exact: Mapping[tuple[object, ...], float]
    rates: Mapping[str, float]
    methods: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, measured: Sequence[Measured], device: str) -> Costs:
        """What runs on this device took; runs of methods that are gone are passed over."""
        known = method_catalog.methods()
        mine = [each for each in measured
                if each.device == device and each.seconds > 0 and each.run.method_name in known]  # fmt: skip
        kinds, backbones, methods = defaultdict(list), defaultdict(list), defaultdict(list)
        for each in mine:
            kinds[each.run.work].append(each.seconds)
            backbones[each.run.backbone].append(each)
            methods[each.run.backbone, each.run.method_name].append(each)
        rates = {name: _rate(them) for name, them in backbones.items()}
        return cls(
            device,
            {kind: sum(seconds) / len(seconds) for kind, seconds in kinds.items()},
            rates,
            {name: _rate(them) / rates[name[0]] for name, them in methods.items()},
        )

    def seconds(self, run: Run) -> float:
        """How long a run takes beside others. Raises BadInput: no run of its backbone was measured."""
        if run.work in self.exact:
            return self.exact[run.work]
        if run.backbone not in self.rates:
            raise BadInput(
                f"no record of {run.backbone} on {self.device}, so that its cost is not known; train a few runs of it "
                "first, for example with --seeds=1 --noise=0.5"
            )
        factor = self.methods.get((run.backbone, run.method_name), 1.0)
        return self.rates[run.backbone] * factor * _units(run)


def forecast(runs: Sequence[Run], size: int, devices: int, costs: Costs) -> Forecast:
    """The campaign of these runs, cut into packs for so many devices, where a free one takes the next pack.

    Raises BadInput: no run of a backbone was measured.
    """
    alike = {run.work: costs.seconds(run) for run in {run.work: run for run in runs}.values()}
    seconds = {run: alike[run.work] for run in runs}
    made = packs(runs, size, devices)
    found = in_order([sum(seconds[run] for run in pack.runs) for pack in made], devices)
    busy = sum(seconds.values())
    ideal = max([busy / devices, *seconds.values()])
    return Forecast(devices, len(made), found.makespan, ideal, found.utilisation, busy)


def _rate(measured: Sequence[Measured]) -> float:
    return sum(one.seconds for one in measured) / sum(_units(one.run) for one in measured)


def _units(run: Run) -> int:
    """By how much a run makes its pack costlier."""
    return Pack((run, run)).cost - Pack((run,)).cost
