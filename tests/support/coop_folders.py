"""Tiny folders in the layouts of real data sets, made on the spot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

SPLIT_FILES = {
    "caltech101": ("caltech-101/101_ObjectCategories", "caltech-101/split_zhou_Caltech101.json"),
    "oxford_pets": ("oxford_pets/images", "oxford_pets/split_zhou_OxfordPets.json"),
    "stanford_cars": ("stanford_cars", "stanford_cars/split_zhou_StanfordCars.json"),
    "oxford_flowers": ("oxford_flowers/jpg", "oxford_flowers/split_zhou_OxfordFlowers.json"),
    "food101": ("food-101/images", "food-101/split_zhou_Food101.json"),
    "sun397": ("sun397/SUN397", "sun397/split_zhou_SUN397.json"),
    "dtd": ("dtd/images", "dtd/split_zhou_DescribableTextures.json"),
    "eurosat": ("eurosat/2750", "eurosat/split_zhou_EuroSAT.json"),
    "ucf101": ("ucf101/UCF-101-midframes", "ucf101/split_zhou_UCF101.json"),
}
CLASSES = ["apple_pie", "baby_back_ribs", "Handstand_Pushups"]


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(shade).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def rows(counts: dict[str, int]) -> dict[str, list[list[object]]]:
    """Lists for a split file with so many images a class in each part; classes do not come in order."""
    order = [2, 0, 1]
    return {
        part: [
            [f"{CLASSES[label]}/{part}_{i}.jpg", label, CLASSES[label]] for label in order for i in range(counts[part])
        ]
        for part in counts
    }


def make_split_file(root: Path, name: str, content: dict[str, list[list[object]]] | None = None) -> Path:
    """A data set with a split file of CoOp's; returns the split file."""
    images, split = SPLIT_FILES[name]
    content = content or rows({"train": 4, "val": 1, "test": 2})
    for number, (path, _, _) in enumerate(row for part in content.values() for row in part):
        picture(root / images / str(path), number)
    (root / split).write_text(json.dumps(content))
    return root / split


def make_aircraft(root: Path) -> None:
    folder = root / "fgvc_aircraft"
    variants = ["707-320", "DHC-8 100", "F-16A/B"]
    folder.mkdir(parents=True)
    (folder / "variants.txt").write_text("\n".join(variants) + "\n")
    for part, count in {"train": 4, "val": 1, "test": 2}.items():
        lines = [(f"{label}{i}{part}", variant) for i in range(count) for label, variant in enumerate(variants)]
        for number, _ in lines:
            picture(folder / "images" / f"{number}.jpg")
        (folder / f"images_variant_{part}.txt").write_text("".join(f"{n} {variant}\n" for n, variant in lines))


def make_imagenet(root: Path) -> None:
    names = {"n01440764": "tench", "n02002556": "white stork", "n04355933": "sunglasses", "n04356056": "sunglasses"}
    for folder in names:
        for i in range(3):
            picture(root / "imagenet/images/train" / folder / f"{folder}_{i}.JPEG", i)
        picture(root / "imagenet/images/val" / folder / "ILSVRC2012_val_1.JPEG", 9)
    lines = [f"{folder} {name}" for folder, name in reversed(names.items())]
    (root / "imagenet/classnames.txt").write_text("\n".join([*lines, "n99999999 another class"]) + "\n")


def make_class_folders(folder: Path, counts: dict[str, int], classes: tuple[str, ...] = ("cat", "red_dog")) -> None:
    for part, count in counts.items():
        for label, name in enumerate(classes):
            for i in range(count):
                picture(folder / part / name / f"{i:02}.png", 10 * label + i)


def make_food101n(root: Path) -> None:
    make_split_file(root, "food101")
    folder = root / "Food-101N_release"
    images = [f"{name}/{i}.jpg" for i in range(5) for name in CLASSES]
    for number, image in enumerate(images):
        picture(folder / "images" / image, number)
    (folder / "meta").mkdir()
    (folder / "meta/imagelist.tsv").write_text("class_name/key\n" + "\n".join(images) + "\n")
