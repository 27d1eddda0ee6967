"""`promptnoise features`: encode a data set once, into a file of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from benchmark import PROTOCOL
from benchmark.commands._folders import check_writable
from benchmark.commands._progress import encoding
from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.shared_options import Data, PictureEncoding
from benchmark.screen import Screen, bars
from datamodules import catalog
from datamodules.formats.encoded_arrays import MADE_BY
from methods.recipes import recipe_for

GROUP = "set up"

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datamodules.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Options(PictureEncoding, Data):
    """Encode images and class names of a data set into a file for --datasets=features:FILE."""

    dataset: str
    """A data set: a name that `promptnoise list` shows, folder:/path, hf:name."""

    to: Path
    """The file, an .npz."""

    templates: str = ""
    """Templates of the texts, separated by |, or imagenet for OpenAI's 80; the default is the data set's own."""

    views: Annotated[int, Ge(0)] = 0
    """Random crops to encode of each training image, one per epoch; 0 for no augmentation."""

    recipe: str = "auto"
    """Recipe that defines the crops."""

    seed: Annotated[int, Ge(0)] = 1
    """Seed of the crops; runs of this seed train as on the pictures."""

    half: bool = False
    """Write features as float16: half the size, rounded to three digits."""


def main(options: Options) -> int:
    """Encodes and writes the file."""
    file = OneFile(options.to, MADE_BY.encode())
    _check(options, file)
    console = Screen()
    with console.loading("torch"):
        import numpy as np

        from benchmark.run.resources import open_bank
        from datamodules.catalog import open_dataset
        from datamodules.features.crops import Crop
        from methods.clip.encoding import encoded, views

    dataset = open_dataset(options.dataset, options.data)
    count = sum(len(split.labels) for split in (dataset.train, dataset.val, dataset.test) if split is not None)
    with bars(console) as progress, encoding(progress, options.dataset, count) as tell:
        backbone, bank = open_bank(options.backbone, options.devices, options.cache, tell, options.skip_bad_images)
        arrays = encoded(dataset, backbone, bank, _templates(options.templates) or [dataset.template])
        if options.views:
            own = recipe_for(options.backbone, options.recipe).settings
            crop = Crop(own.crop, flip=own.flip)
            arrays["views"] = views(dataset, bank, options.views, options.seed, crop)
    if options.half:
        arrays |= {name: arrays[name].astype(np.float16) for name in arrays if "_features" in name or name == "views"}
    with file.opened() as stream:
        np.savez(stream, **({MADE_BY: np.array(PROTOCOL)} | arrays))  # type: ignore[arg-type]
    _report(console, options, dataset, arrays)
    return 0


def _check(options: Options, file: OneFile) -> None:
    catalog.check(options.dataset)
    check_backbone(options.backbone)
    recipe_for(options.backbone, options.recipe)
    if options.dataset.startswith("features:"):
        raise BadInput(f"{options.dataset} is a file of features already")
    if options.to.suffix != ".npz":
        raise BadInput(f"to is {options.to}, should end in .npz")
    _templates(options.templates)
    check_writable("the folder of --to", options.to.parent)
    file.check()


def _templates(text: str) -> list[str]:
    """The templates that are asked for."""
    if text == "imagenet":
        from open_clip import OPENAI_IMAGENET_TEMPLATES

        return [template("{}") for template in OPENAI_IMAGENET_TEMPLATES]
    found = [template.strip() for template in text.split("|")] if text else []
    for template in found:
        if template.count("{}") != 1 or set("{}") & set(template.replace("{}", "")):
            raise BadInput(f"template {template!r} must hold {{}} once, where the class name goes, and no other brace")
    return found


def _report(console: Screen, options: Options, dataset: Dataset, arrays: Mapping[str, NDArray[Any]]) -> None:
    parts = [f"{len(arrays[name])} {name.removesuffix('_labels')}" for name in arrays if name.endswith("_labels")]
    console.say(f"{options.to}: {', '.join(parts)} images of {len(dataset.classes)} classes, {options.backbone}")
    if not dataset.has_clean_labels:
        console.say(f"its labels are in doubt: name it features:{options.to}[labels=unknown]")
    console.say(f"promptnoise bench --datasets=features:{options.to} trains on it")
    if not options.views and recipe_for(options.backbone, options.recipe).settings.crop:
        line = (
            "it has no random crops, so training differs from that on the pictures; --views=10 adds ten of each image"
        )
        console.say(line, "dim")
