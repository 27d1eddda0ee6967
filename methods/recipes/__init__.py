"""Recipes by name: every file `methods/recipes/NAME.toml`, options in brackets: `coop[lr=0.01,epochs=50]`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from datamodules import reading
from datamodules.errors import nearest
from datamodules.names import parse_spec
from methods.errors import RecipeError
from methods.options.check import options_of, values_of
from methods.options.former_names import renamed
from methods.options.option import as_text
from methods.recipes.settings import Recipe

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe as `name[option=value,...]` asks for it, with what its source does otherwise for some runs.

    `given` are the options in brackets; they hold for all runs. `lr_by_dataset` and `lr_by_method` change the learning
    rate of some, `epochs_by_dataset` and `epochs_by_shots` (from that many shots a class on) their length,
    `template_by_dataset` the template. `methods` are those whose own recipe it is, besides one of its name.
    """

    name: str
    settings: Recipe
    source: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    epochs_by_shots: Mapping[str, int] = field(default_factory=dict)
    epochs_by_dataset: Mapping[str, int] = field(default_factory=dict)
    lr_by_dataset: Mapping[str, float] = field(default_factory=dict)
    lr_by_method: Mapping[str, float] = field(default_factory=dict)
    template_by_dataset: Mapping[str, str] = field(default_factory=dict)
    methods: Sequence[str] = ()

    def __str__(self) -> str:
        """The one spelling of this recipe."""
        inside = ",".join(f"{name}={as_text(self.given[name])}" for name in sorted(self.given))
        return f"{self.name}[{inside}]" if inside else self.name

    def without(self, option: str) -> NamedRecipe:
        """This recipe with an option's own value again."""
        given = {name: value for name, value in self.given.items() if name != option}
        return recipe(str(replace(self, given=given))) if option in self.given else self

    def with_option(self, option: str, value: Any) -> NamedRecipe:
        """This recipe with another value of an option, for all runs."""
        return recipe(str(replace(self, given={**self.given, option: value})))

    def epochs(self, dataset: str = "", shots: int = 16) -> int:
        """Epochs of a run on `dataset` with `shots` labelled images a class."""
        if "epochs" in self.given:
            return self.settings.epochs
        number = self.settings.epochs
        for least in sorted(map(int, self.epochs_by_shots)):
            number = self.epochs_by_shots[str(least)] if shots >= least else number
        return self.epochs_by_dataset.get(dataset, number)

    def lr(self, method: str = "", dataset: str = "") -> float:
        """The learning rate of a method, whose name may carry options, on a data set."""
        if "lr" in self.given:
            return self.settings.lr
        method = renamed(method)
        for name in (method, method.partition("[")[0]):
            if name in self.lr_by_method:
                return self.lr_by_method[name]
        return self.lr_by_dataset.get(dataset, self.settings.lr)

    def at(self, method: str = "", dataset: str = "", shots: int = 16) -> Recipe:
        """The settings of a run."""
        own = self.settings.template if "template" in self.given else self.template_by_dataset.get(dataset, "")
        return replace(self.settings, lr=self.lr(method, dataset), epochs=self.epochs(dataset, shots), template=own)


@cache
def recipe(text: str, epochs: int | None = None) -> NamedRecipe:
    """The recipe that `name` or `name[option=value,...]` asks for; `epochs` is short for its option of that name.

    Raises RecipeError: an unknown recipe or option, a value that the option does not take, or epochs given twice.
    Raises DataError: brackets or equals signs are missing.

    >>> str(recipe("coop[lr=1e-2,batch=32]"))
    'coop[lr=0.01]'
    """
    name, asked = parse_spec(text)
    if name not in known():
        raise RecipeError(f"unknown recipe {name!r}: {nearest(name, known())}")
    base = _read(name)
    if epochs is not None:
        if "epochs" in asked:
            raise RecipeError(f"epochs is given twice: as an option of its own and in {text}")
        asked["epochs"] = str(epochs)
    given = values_of(f"recipe {name!r}", options_of(Recipe), asked, RecipeError)
    given = {option: value for option, value in given.items() if _differs(base, option, value)}
    return replace(base, settings=replace(base.settings, **given), given=given)


def _differs(base: NamedRecipe, option: str, value: Any) -> bool:
    """Whether an option changes anything for any run."""
    exceptions: dict[str, Mapping[str, object]] = {
        "lr": {**base.lr_by_dataset, **base.lr_by_method},
        "epochs": {**base.epochs_by_dataset, **base.epochs_by_shots},
        "template": base.template_by_dataset,
    }
    return bool(value != getattr(base.settings, option) or exceptions.get(option))


def known() -> list[str]:
    """The names of all recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def recipe_for(backbone: str, text: str = "auto", epochs: int | None = None, method: str = "") -> NamedRecipe:
    """The recipe that `text` asks for, as `recipe` reads it; "auto" stands for `default_name`."""
    name, bracket, options = text.partition("[")
    return recipe((default_name(backbone, method) if name.strip() == "auto" else name) + bracket + options, epochs)


def default_name(backbone: str, method: str = "") -> str:
    """The recipe of a method, whose name may carry options, with a backbone.

    One of our backbones has its own, and so has a file of features that it made. Otherwise it is the recipe of the
    method's name, or the one that names the method among its `methods`; CoOp's for all others.

    >>> default_name("ViT-B-16/openai", "clap"), default_name("ViT-B-16/openai", "gce[q=0.5]")
    ('clap', 'coop')
    """
    if is_embedded(backbone.partition("@")[0] if is_precomputed(backbone) else backbone):
        return "embedded"
    plain = renamed(method).partition("[")[0]
    return next((name for name in known() if plain in map(renamed, (name, *_read(name).methods))), "coop")


def is_embedded(backbone: str) -> bool:
    """Whether a backbone is one of the small ones that ship with the project."""
    return backbone == "embedded" or backbone.startswith("embedded-")


@cache
def is_precomputed(backbone: str) -> bool:
    """Whether only the outputs of a backbone are there, in a file of features: `NAME@HASH`.

    >>> is_precomputed("features@0123456789ab"), is_precomputed("ViT-B-16/openai")
    (True, False)
    """
    return re.fullmatch(r".+@[0-9a-f]{12}", backbone) is not None


@cache
def _read(name: str) -> NamedRecipe:
    content = tomllib.loads(reading.read_text(FOLDER / f"{name}.toml"))
    own = {each.name for each in fields(NamedRecipe)} - {"name", "settings", "given"}
    tables = {key: content.pop(key) for key in own & content.keys()}
    options = options_of(Recipe)
    values = {key: options[key].check(value) for key, value in content.items()}
    own_rates = {renamed(method): rate for method, rate in tables.pop("lr_by_method", {}).items()}
    return NamedRecipe(name, Recipe(**values), lr_by_method=own_rates, **tables)


__all__ = ["NamedRecipe", "Recipe", "default_name", "is_embedded", "is_precomputed", "known", "recipe", "recipe_for"]
