"""`promptnoise predict`: classify pictures with what `export` or `choose` wrote."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands._folders import check_writable
from benchmark.commands._progress import encoding
from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.shared_options import PictureEncoding
from benchmark.records import exported
from benchmark.screen import Screen, bars
from datamodules.catalog import open_dataset
from datamodules.dataset import Images
from datamodules.encoded import Rows
from datamodules.formats.csv_table import as_csv
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import image_names
from datamodules.formats.picture_files import SUFFIXES, left_out, picture_files
from datamodules.names import number_of
from datamodules.notices import say_once
from methods.clip.names import prompt_file
from methods.recipes import is_embedded, is_precomputed

GROUP = "use"

if TYPE_CHECKING:
    from torch import Tensor

    from methods.clip.backbone import Backbone

COLUMNS = ("file", "predicted", "probability", "second", "second_probability")
#: How the table begins, by which it is known as ours.
MARK = f"^{','.join(COLUMNS)}\n".encode()


@dataclass(frozen=True, kw_only=True)
class Options(PictureEncoding):
    """Classify all pictures in a folder: a CSV of file, predicted class, its probability, and the second class."""

    folder: Path
    """Folder of pictures, those in folders below it too; or features:FILE, whose test images are classified."""

    with_: Path
    """The classifier, --with=FOLDER or --with=FILE: what `promptnoise export` or `promptnoise choose` wrote, or a
    prompt of CoOp's code, prompt_learner/model.pth.tar-200."""

    out: Path = Path("predictions.csv")
    """File to write; - prints the table, and all else on standard error."""

    backbone: str = ""
    """The classifier's CLIP model, if not under the name that it was trained with; for CoOp's, its name."""


def main(options: Options) -> int:
    """Writes the table and says how many pictures each class has."""
    table, images = _table(options.out), _images(options)
    outputs = images.outputs if isinstance(images, Rows) else None
    prompt = prompt_file(options.with_)
    of_coop = ".pth" in prompt.name and not (prompt.parent / exported.ABOUT).exists()
    if of_coop and (outputs is not None or not options.backbone):
        raise BadInput(f"{prompt} does not say its CLIP model; give pictures, and --backbone=ViT-B-16/openai, say")
    classifier = None if of_coop else exported.read(options.with_)
    name = options.backbone or (outputs.name if outputs else _backbone(classifier) if classifier else "")
    check_backbone(name)
    console = Screen(stderr=table.is_printed)
    with console.loading("torch"):
        import torch

        from benchmark.run.resources import open_bank
    with bars(console) as progress, encoding(progress, "images", len(images)) as tell:
        cache, skip = options.cache, options.skip_bad_images
        backbone, bank = open_bank(name, options.devices, cache, tell, skip, outputs)
        classifier = classifier or _of_coop(prompt, backbone)
        trained = classifier.about.hashes.get("weights", backbone.identity)
        known = outputs is None and not is_precomputed(classifier.backbone)
        if known and trained not in (backbone.identity, backbone.identity_in("fp32")):
            raise BadInput(f"{name} has other weights than the model that {options.with_} was trained with")
        features = bank.plain(images)
    if features.shape[1] != classifier.weights.shape[1]:
        raise BadInput(f"{name} has features {features.shape[1]} wide, the classifier {classifier.weights.shape[1]}")
    readable = features.any(1)
    chances = (classifier.scale * features @ torch.from_numpy(classifier.weights).T).softmax(1)
    rows = [row for row, good in zip(_rows(images, chances, classifier), readable.tolist(), strict=True) if good]
    table.write(as_csv([COLUMNS, *rows]))
    where = "" if table.is_printed else f": {table.path}"
    console.say(f"{number_of(len(rows), 'picture')} classified{where}")
    return 0


def _backbone(classifier: exported.Classifier) -> str:
    """The name of the model that a classifier was trained on.

    Raises BadInput: the model lies in a folder or file, whose place is not noted.
    """
    known = classifier.about.open_clip
    if (known.file or known.model_name.startswith("local-dir:")) and not is_embedded(classifier.backbone):
        way = f"{known.model_name}:/file" if known.file else "local-dir:/folder"
        raise BadInput(f"the classifier is for the model {classifier.backbone!r}; say where it is: --backbone={way}")
    return classifier.backbone


def _of_coop(file: Path, backbone: Backbone) -> exported.Classifier:
    """The classifier of a prompt that another program has learned, with the class names that its tokens spell.

    Raises BackboneError: no prompt of this model. Raises BadInput: it does not hold the names of its classes.
    """
    from methods.clip.learned_prompt import read_prompt

    prompt = read_prompt(file)
    prompt.check(backbone)
    classes = prompt.names(backbone)
    if classes is None:
        raise BadInput(f"{file} does not hold its classes; a data set has them: bench --methods=fixed_prompt[file=...]")
    weights = prompt.features(classes, backbone)[0].cpu().numpy()
    about = exported.About(tuple(classes), backbone.name, {}, {}, "", hashes={"weights": backbone.identity})
    return exported.Classifier(weights, backbone.scale, tuple(classes), backbone.name, about)


def _table(out: Path) -> OneFile:
    """The table to write, after a look at what is there."""
    if out.is_dir():
        raise BadInput(f"--out={out} is a folder; give a file")
    table = OneFile(out, MARK)
    table.check()
    if out.suffix.lower() in SUFFIXES:
        raise BadInput(f"--out={out} has a picture's name; give a table's, such as predictions.csv")
    check_writable("the folder of --out", out.absolute().parent)
    return table


def _images(options: Options) -> FileImages | Rows:
    spec = str(options.folder)
    if spec.startswith("features:"):
        images = open_dataset(spec).test.images
        assert isinstance(images, Rows)
        return images
    if not options.folder.is_dir():
        raise BadInput(f"{options.folder} is not a folder; give one that holds pictures")
    root = options.folder.absolute()
    found = picture_files(root)
    if not found.pictures:
        raise BadInput(f"{options.folder} holds no pictures ({', '.join(SUFFIXES)})")
    if found.left_out:
        say_once(logging.getLogger(__name__), f"{root}: {left_out(found.left_out)}")
    return FileImages(root, found.pictures)


def _rows(images: Images, chances: Tensor, classifier: exported.Classifier) -> Iterator[tuple[str, ...]]:
    """The table's lines, from probabilities [P, C]."""
    top, order = chances.topk(min(2, chances.shape[1]), dim=1)
    for file, values, places in zip(image_names(images), top.tolist(), order.tolist(), strict=True):
        pairs = [(classifier.classes[place], f"{value:.4f}") for value, place in zip(values, places, strict=True)]
        yield (file, *pairs[0], *(pairs[1] if len(pairs) > 1 else ("", "")))
