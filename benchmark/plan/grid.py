"""The grid of runs that the options of a user describe. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from benchmark.errors import BadInput
from benchmark.plan.axes import Run, out_of_range
from benchmark.plan.feature_files import lacks, left_out, own_backbone
from benchmark.plan.method_catalog import MethodInfo
from benchmark.plan.method_spec import parse_method
from datamodules import noise, paradigms
from methods.recipes import recipe_for


@dataclass(frozen=True)
class Grid:
    """The axes of a benchmark as the user writes them; `runs` checks and multiplies them."""

    methods: Sequence[str]
    datasets: Sequence[str]
    rates: Sequence[float]
    kinds: Sequence[str]
    seeds: Sequence[int]
    shots: Sequence[int]
    backbones: Sequence[str]
    paradigms: Sequence[str] = ("fewshot",)
    recipes: Sequence[str] = ("auto",)
    epochs: int | None = None

    def runs(self) -> list[Run]:
        """Every run of the grid once, in a fixed order.

        Equal work has one name: without wrong labels the kind of noise is dropped, and a method that sees no given
        label drops the noise altogether. Beside few-shot runs such a method stands with its "ul" runs. A method that
        a paradigm or a data set of features does not suit is left out; `find_unsupported` names it. Such a data set
        brings its backbone. "auto" is the recipe of backbone or method.

        Raises BadInput: an axis without values, an unknown method or option, or a value out of range. Raises DataError:
        an unknown paradigm or kind of noise, or an option of one. Raises RecipeError: an unknown recipe, option of one,
        or value.
        """
        for axis, values in vars(self).items():
            if axis != "epochs" and not values:
                raise BadInput(f"no {axis} given; name at least one")
        numbers = [("epochs", self.epochs)] if self.epochs is not None else []
        numbers += [("shots", shots) for shots in self.shots] + [("seed", seed) for seed in self.seeds]
        for name, number in numbers:
            if limits := out_of_range(name, number):
                raise BadInput(f"{name} is {number}, should be {limits}")
        for paradigm in self.paradigms:
            paradigms.parse(paradigm)
        noises = self._noises()
        runs: dict[Run, None] = {}
        for clip, asked, dataset, method, shots in product(
            self.backbones, self.recipes, self.datasets, self.methods, self.shots
        ):
            backbone, spec = own_backbone(dataset) or clip, parse_method(method)
            if lacks(dataset, spec):
                continue
            own = recipe_for(backbone, asked, self.epochs, spec.info.name)
            name, epochs = spec.name, own.epochs(dataset, shots)
            for paradigm in _suited(spec.info, self.paradigms):
                blind = spec.info.labels == "none" or paradigm == "ul"
                for (kind, rate), seed in product([("none", 0.0)] if blind else noises, self.seeds):
                    runs[Run(backbone, dataset, name, kind, rate, shots, seed, str(own), epochs, paradigm)] = None
        return list(runs)

    def find_unsupported(self) -> list[str]:
        """One line for every method that cannot run under a paradigm, or for all that a data set does not suit."""
        methods = [parse_method(method) for method in self.methods]
        return left_out(self.datasets, methods) + [
            f"{method} does not run under {paradigm}: it is made for {', '.join(info.paradigms)}"
            for method in self.methods
            for info in [parse_method(method)[0]]
            for paradigm in self.paradigms
            if not _suited(info, [paradigm])
        ]

    def _noises(self) -> list[tuple[str, float | None]]:
        found: dict[tuple[str, float | None], None] = {}
        for rate in self.rates:
            if not 0 <= rate <= 1:
                percent = f"; {rate:g} % is {rate / 100:g}" if 1 < rate <= 100 else ""
                raise BadInput(f"noise rate {rate:g} lies outside [0, 1]{percent}")
        for kind in map(noise.canonical, self.kinds):
            noise.parse(kind)
            if noise.measured(kind):
                found[kind, None] = None
            for rate in self.rates:
                if rate == 0:
                    found["none", 0.0] = None
                elif not noise.measured(kind):
                    found[kind, rate] = None
        return sorted(found, key=lambda pair: (pair[1] is None, pair[1] or 0.0))


def _suited(info: MethodInfo, asked: Sequence[str]) -> list[str]:
    """The paradigms to run a method under; one without labels takes part in few-shot comparisons as "ul"."""
    meant = dict.fromkeys(
        "ul" if name == "fewshot" and "fewshot" not in info.paradigms else paradigms.canonical(paradigm)
        for paradigm in asked
        for name, _ in [paradigms.parse(paradigm)]
    )
    return [paradigm for paradigm in meant if paradigms.parse(paradigm)[0] in info.paradigms]
