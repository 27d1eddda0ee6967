"""The axes of the benchmark: every field of a `Run`, and what the rooms have to know of it. Imports no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from operator import attrgetter
from typing import Annotated, Any, get_type_hints

from benchmark import PROTOCOL
from benchmark.plan.method_spec import MethodSpec, parse_method
from datamodules.errors import UserError
from datamodules.fewshot import ALL
from methods.clip.names import split_name
from methods.options.former_names import first_name, renamed
from methods.recipes import Recipe, is_embedded, is_precomputed, recipe


@dataclass(frozen=True)
class Axis:
    """What tables, headings, commands and checks know of a field of `Run`; a new one is declared there and only there.

    `column` is its place among the columns of a table in which methods are ranked; 0 if it is none. A `setting` is the
    part of them that one table has in common. `option` is that of `promptnoise bench` which gives the values. With
    `data`, it decides which images and labels a run is given: a `RunSpec` has a field of its name. In a sentence it
    reads as `words`, and its `usual` value goes without saying. Numbers begin at `least`.
    """

    column: int = 0
    option: str = ""
    setting: bool = False
    data: bool = False
    words: str = "{}"
    usual: str = ""
    least: int | None = None

    def __get_pydantic_core_schema__(self, kind: Any, handler: Callable[[Any], Any]) -> Any:
        """For pydantic: a value is taken as a file has it, so that a text is no number."""
        schema = handler(kind)
        schema.get("schema", schema)["strict"] = True
        return schema


@dataclass(frozen=True, order=True)
class Run:
    """One training run; every field is part of its identity, and the hash of all of them is its name.

    `method` carries its options in canonical order (`gce[q=0.5]`). `noise` is the kind of label noise, "none" where
    no label is wrong; `rate` is the fraction of wrong labels asked for, 0 to 1, None where it is measured (`human`).
    `paradigm` is "fewshot" (given, possibly wrong labels), "ul", "ssl" or "trzsl". It and `recipe` carry their options
    too, in canonical order; `epochs` is what it means for this data set and number of shots. A former name of a method
    becomes today's, and the hash takes the first that it had: what was finished under an old name stays finished.
    """

    backbone: Annotated[str, Axis(7, "backbone", setting=True)]
    dataset: Annotated[str, Axis(1, "datasets", data=True)]
    method: Annotated[str, Axis(option="methods")]
    noise: Annotated[str, Axis(2, "noise_type", data=True, words="{} noise", usual="none")]
    rate: Annotated[float | None, Axis(3, "noise", data=True, words="rate {}")]
    shots: Annotated[int, Axis(5, "shots", setting=True, data=True, words="{} shots", least=1)]
    seed: Annotated[int, Axis(option="seeds", data=True, words="seed {}", least=0)]
    recipe: Annotated[str, Axis(6, "recipe", setting=True, words="recipe {}")]
    epochs: Annotated[int, Axis(4, words="{} epochs", least=1)]
    paradigm: Annotated[str, Axis(8, "paradigm", setting=True, data=True, usual="fewshot")] = "fewshot"
    protocol: Annotated[int, Axis(words="protocol {}")] = PROTOCOL

    def __post_init__(self) -> None:
        if isinstance(self.method, str):  # what a file says is checked when it is read
            object.__setattr__(self, "method", renamed(self.method))

    @cached_property
    def key(self) -> str:
        """The first 16 hex digits of the SHA-256 of the fields."""
        text = json.dumps({name: getattr(self, name) for name in _BY_NAME} | {"method": first_name(str(self.method))})
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def spec(self) -> MethodSpec:
        """The method and the attributes that its options set, parsed once for all runs of it.

        Raises BadInput: of a record from elsewhere, whose method is not known here.
        """
        return parse_method(self.method)

    @property
    def method_name(self) -> str:
        """The method without its options."""
        return plain(self.method)

    @cached_property
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
        return _settings(self.recipe, self.method, self.dataset, self.shots)

    @cached_property
    def shown(self) -> Run:
        """The run as tables show it: the backbone by its name, and what uses no labels among the few-shot runs."""
        paradigm = "fewshot" if self.label_free else self.paradigm
        same = (self.encoder, paradigm) == (self.backbone, self.paradigm)
        return self if same else replace(self, backbone=self.encoder, paradigm=paradigm)

    @property
    def work(self) -> tuple[object, ...]:
        """What says how long the run takes: all but the labels that it is given."""
        return _WORK(self)

    @property
    def planned_shots(self) -> int:
        """Labelled images of a class to plan with: a guess where all of them are asked for."""
        return 500 if self.shots == ALL else self.shots

    @property
    def draws_shots(self) -> bool:
        """Whether it takes `shots` images of each class."""
        return plain(self.paradigm) in ("fewshot", "ssl")

    @property
    def label_free(self) -> bool:
        """Whether the run is given no label, so that its value holds at every noise rate."""
        return self.paradigm == "ul"

    @property
    def has_unseen_classes(self) -> bool:
        """Whether the run is given labels of some classes only, so that it trains fewer."""
        return self.paradigm == "trzsl"

    @property
    def order(self) -> tuple[object, ...]:
        """A sort key: field by field, a rate of None first."""
        return tuple((value is not None, value) for value in (getattr(self, name) for name in AXES))

    def __str__(self) -> str:
        noise = self.noise if self.rate is None else f"{self.noise} {self.rate:g}"
        return f"{self.dataset} {self.method} {noise} {self.paradigm} seed {self.seed} ({self.key})"


@cache
def _settings(name: str, method: str, dataset: str, shots: int) -> Recipe:
    return recipe(name).at(method, dataset, shots)


#: The fields of a run in the order of `Run`.
AXES: Mapping[str, Axis] = {
    name: next((about for about in getattr(kind, "__metadata__", ()) if isinstance(about, Axis)), Axis())
    for name, kind in get_type_hints(Run, include_extras=True).items()
}
#: One column of a table: methods are ranked within it.
CELL = sorted((name for name, axis in AXES.items() if axis.column), key=lambda name: AXES[name].column)
#: What must agree for two methods to be compared on a data set.
SETTING = [name for name in CELL if AXES[name].setting]
#: What decides which images and labels a run is given.
DATA = [name for name, axis in AXES.items() if axis.data]
#: The axes by the option of `promptnoise bench` that gives their values.
OPTIONS = {axis.option: name for name, axis in AXES.items() if axis.option}
_BY_NAME = sorted(AXES)
_WORK: Callable[[Run], tuple[object, ...]] = attrgetter(*(n for n in AXES if n not in ("noise", "rate", "seed")))


def plain(name: str) -> str:
    """A name without its options: `gce` of `gce[q=0.5]`."""
    return name.partition("[")[0]


def phrase(values: Mapping[str, object], usual: bool = False) -> str:
    """Values of axes as they read in a sentence, the `usual` ones, which go without saying, only if asked for.

    >>> phrase({"shots": 16, "recipe": "coop", "paradigm": "fewshot"})
    '16 shots, recipe coop'
    >>> phrase({"shots": ALL})
    'all shots'
    """
    said = {name: value for name, value in values.items() if value is not None and (usual or value != AXES[name].usual)}
    shown = {name: "all" if name == "shots" and value == ALL else value for name, value in said.items()}
    return ", ".join(AXES[name].words.format(value) for name, value in shown.items())


def setting_phrase(setting: Sequence[object], backbone: str = "", epochs: str = "", usual: bool = False) -> str:
    """A setting, with the values of `SETTING`, as it reads in a heading; `backbone` is what its backbone is called.

    >>> setting_phrase([16, "coop", "ViT-B-16/openai", "ssl"], "ViT-B-16", ", 50 epochs")
    'ViT-B-16, 16 shots, recipe coop, 50 epochs, ssl'
    """
    values = dict(zip(SETTING, setting, strict=True))
    values.pop("backbone")
    values["recipe"] = f"{values['recipe']}{epochs}"
    return ", ".join(filter(None, [backbone, phrase(values, usual)]))


def out_of_range(name: str, number: float) -> str:
    """What is wrong with a number as the value of an axis; empty if nothing."""
    least = AXES[name].least
    if least is None or least <= number < 2**63:
        return ""
    return f"at least {least}" if number < least else "below 2^63"


def all_small(runs: Iterable[Run]) -> bool:
    """Whether there are only embedded backbones and files of features: several workers of a device can share it."""
    return all(is_embedded(run.backbone) or is_precomputed(run.backbone) for run in runs)
