"""What there is to do: a Run, the grid of all runs, and the packs that train together. Imports no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import product
from typing import Any

from benchmark import PROTOCOL
from benchmark.errors import BadInput
from benchmark.plan import method_catalog
from benchmark.plan.feature_files import lacks, left_out, own_backbone
from datamodules import noise, paradigms
from datamodules.errors import UserError
from datamodules.names import parse_spec
from methods.clip.names import split_name
from methods.recipes import Recipe, is_embedded, is_precomputed, recipe, recipe_for


@dataclass(frozen=True, order=True)
class Run:
    """One training run; every field is part of its identity, and the hash of all of them is its name.

    `method` carries its options in canonical order (`gce[q=0.5]`). `noise` is the kind of label noise, "none" where
    no label is wrong; `rate` is the share of wrong labels asked for, 0 to 1, and None where it is measured (`human`).
    `paradigm` is "fewshot" (given, possibly wrong labels), "ul", "ssl" or "trzsl". It and `recipe` carry their options
    too, in canonical order; `epochs` is what it means for this data set and number of shots.
    """

    backbone: str
    dataset: str
    method: str
    noise: str
    rate: float | None
    shots: int
    seed: int
    recipe: str
    epochs: int
    paradigm: str = "fewshot"
    protocol: int = PROTOCOL

    @cached_property
    def key(self) -> str:
        """The first 16 hex digits of the SHA-256 of the fields."""
        text = json.dumps({name: getattr(self, name) for name in _FIELDS})
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def method_name(self) -> str:
        """The method without its options."""
        return self.method.split("[")[0]

    @property
    def backbone_name(self) -> str:
        """The backbone as tables show it: `local-dir:mine` for `local-dir:/path[name=mine]`, else as it was typed."""
        try:
            place, name = split_name(self.backbone)
        except UserError:  # of a record from elsewhere
            return self.backbone
        return f"{place.partition(':')[0]}:{name}" if name else self.backbone

    @property
    def encoder(self) -> str:
        """What encoded the images: the backbone as tables show it, without the hash of a file of features."""
        return self.backbone.rpartition("@")[0] if is_precomputed(self.backbone) else self.backbone_name

    @property
    def settings(self) -> Recipe:
        """The recipe's settings for this run."""
        return recipe(self.recipe).at(self.method, self.dataset, self.shots)

    def __str__(self) -> str:
        noise = self.noise if self.rate is None else f"{self.noise} {self.rate:g}"
        return f"{self.dataset} {self.method} {noise} {self.paradigm} seed {self.seed} ({self.key})"


_FIELDS = sorted(field.name for field in fields(Run))


def all_small(runs: Iterable[Run]) -> bool:
    """Whether there are only embedded backbones and files of features: several workers of a device can share it."""
    return all(is_embedded(run.backbone) or is_precomputed(run.backbone) for run in runs)


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

        Raises:
            BadInput: an axis without values, an unknown method or option, or a value out of range.
            DataError: an unknown paradigm or kind of noise, or an option of one.
            RecipeError: an unknown recipe, option of one, or value.
        """
        for axis, values in vars(self).items():
            if axis != "epochs" and not values:
                raise BadInput(f"no {axis} given; name at least one")
        numbers = [("epochs", 1, self.epochs)] if self.epochs is not None else []
        numbers += [("shots", 1, shots) for shots in self.shots] + [("seed", 0, seed) for seed in self.seeds]
        for name, least, number in numbers:
            if not least <= number < 2**63:
                limits = f"at least {least}" if number < least else "below 2^63"
                raise BadInput(f"{name} is {number}, should be {limits}")
        for paradigm in self.paradigms:
            paradigms.parse(paradigm)
        noises = self._noises()
        runs: dict[Run, None] = {}
        for clip, asked, dataset, method, shots in product(
            self.backbones, self.recipes, self.datasets, self.methods, self.shots
        ):
            backbone, (info, values) = own_backbone(dataset) or clip, parse_method(method)
            if lacks(dataset, info, values):
                continue
            own = recipe_for(backbone, asked, self.epochs, info.name)
            name, epochs = info.canonical(values), own.epochs(dataset, shots)
            for paradigm in _suited(info, self.paradigms):
                blind = info.labels == "none" or paradigm == "ul"
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
                raise BadInput(f"noise rate {rate:g} lies outside [0, 1]")
        for kind in self.kinds:
            noise.parse(kind)
            if noise.measured(kind):
                found[kind, None] = None
            for rate in self.rates:
                if rate == 0:
                    found["none", 0.0] = None
                elif not noise.measured(kind):
                    found[kind, rate] = None
        return sorted(found, key=lambda pair: (pair[1] is None, pair[1] or 0.0))


def _suited(info: method_catalog.MethodInfo, asked: Sequence[str]) -> list[str]:
    """The paradigms to run a method under; one without labels takes part in few-shot comparisons as "ul"."""
    meant = dict.fromkeys(
        "ul" if name == "fewshot" and "fewshot" not in info.paradigms else paradigms.canonical(paradigm)
        for paradigm in asked
        for name, _ in [paradigms.parse(paradigm)]
    )
    return [paradigm for paradigm in meant if paradigms.parse(paradigm)[0] in info.paradigms]


def parse_method(text: str) -> tuple[method_catalog.MethodInfo, dict[str, Any]]:
    """The method that `name` or `name[option=value,...]` asks for, and the attributes that its options set.

    Raises:
        BadInput: an unknown method or option, or a value that the option does not take.
        DataError: brackets or equals signs are missing.
    """
    name, options = parse_spec(text)
    info = method_catalog.method(name)
    return info, info.values(options)


def split_list(text: str) -> list[str]:
    """Parts of `text` between commas, those within brackets apart: `coop,gce[q=0.5,n_ctx=4]` has two."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and (depth == 0 or place == len(text)):
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in parts if part.strip()]
