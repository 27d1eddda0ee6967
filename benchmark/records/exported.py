"""A trained classifier as files: tensors, what they mean, and a script that classifies pictures with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.outputs import Outputs

Arrays = Mapping[str, NDArray[Any]]
TENSORS, ABOUT, SCRIPT, TEXT_FEATURES = "prompt.safetensors", "prompt.json", "classify.py", "text_features.safetensors"
FILES = (TENSORS, ABOUT, SCRIPT, TEXT_FEATURES)
USAGE = "logits = logit_scale * unit_image_features @ class_weights.T; their columns are `classes` in this order"

#: What `classify.py` holds: it needs open_clip, safetensors and Pillow, nothing of ours.
SNIPPET = '''\
"""Classifies pictures: python classify.py PICTURE ... prints file, class and probability."""

import json
import sys
from pathlib import Path

import open_clip
import torch
from PIL import Image
from safetensors.torch import load_file

here = Path(__file__).parent
about = json.loads((here / "prompt.json").read_text(encoding="utf-8"))
learned = load_file(here / "prompt.safetensors")
model, preprocess = open_clip.create_model_from_pretrained(**about["open_clip"])
for path in sys.argv[1:]:
    with torch.no_grad(), Image.open(path) as image:
        features = model.eval().encode_image(preprocess(image.convert("RGB"))[None], normalize=True)
    chances = (learned["logit_scale"] * features @ learned["class_weights"].T).softmax(-1)[0]
    print(path, about["classes"][int(chances.argmax())], f"{float(chances.max()):.4f}", sep="\\t")
'''


@dataclass(frozen=True)
class Classifier:
    """Class weights [C, E] and their logit scale, the classes, the backbone's name, and all else that was noted."""

    weights: NDArray[np.float32]
    scale: float
    classes: tuple[str, ...]
    backbone: str
    about: Mapping[str, Any]


def write(folder: Path, learned: Arrays, about: Mapping[str, Any]) -> list[Path]:
    """Writes tensors and their meaning; for a frozen image tower also a script, and text features for `transformers`.

    `about` has at least `classes`, `backbone`, `frozen_image_tower`, and `open_clip`, the arguments of
    `open_clip.create_model_from_pretrained`, where they are known.

    Raises:
        BadInput: one of FILES is there that is not ours; nothing is written.
    """
    from safetensors.numpy import save

    shapes = {name: list(np.shape(values)) for name, values in learned.items()}
    text = json.dumps({**about, "usage": USAGE, "tensors": shapes}, indent=1, ensure_ascii=False)
    kept = {name: np.array(values, order="C") for name, values in learned.items()}
    files: dict[str, str | bytes] = {
        TENSORS: save(kept, metadata={"run": str(about.get("run", "")), "usage": USAGE}),
        ABOUT: text + "\n",
    }
    if about.get("frozen_image_tower"):
        files[TEXT_FEATURES] = save(text_features(learned))
        if about.get("open_clip"):
            files[SCRIPT] = SNIPPET
    outputs = Outputs(folder, "classifier")
    paths = outputs.write(files)
    outputs.remove_stale()  # what an earlier classifier had and this one lacks
    return paths


def text_features(learned: Arrays) -> dict[str, NDArray[np.float32]]:
    """`text_embeds` [C, E] and `logit_scale` [] as `transformers.CLIPModel` has them: the scale is a logarithm.

    Its logits are exp(logit_scale) * image_embeds @ text_embeds.T. Weights that all have one length become unit
    vectors; others keep their proportions.
    """
    weights = np.asarray(learned["class_weights"], np.float32)
    length = float(np.linalg.norm(weights, axis=1).mean())
    scale = np.log(float(learned["logit_scale"]) * length)
    return {"text_embeds": np.ascontiguousarray(weights / length), "logit_scale": np.array(scale, np.float32)}


def read(path: Path) -> Classifier:
    """The classifier in an exported folder, or whose tensors or JSON are `path`.

    Raises:
        BadInput: files that are missing or do not belong together; the message says what is wrong.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = path if path.is_dir() else path.parent
    for name in (TENSORS, ABOUT):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no {name}; `promptnoise export` or `choose` writes a classifier")
    try:
        learned = load((folder / TENSORS).read_bytes())
        about = json.loads((folder / ABOUT).read_bytes())
        classes, backbone = tuple(map(str, about["classes"])), str(about["backbone"])
        weights, scale = learned["class_weights"].astype(np.float32), float(learned["logit_scale"])
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{folder} holds no classifier that can be read: {type(error).__name__} {error}") from None
    if weights.ndim != 2 or len(weights) != len(classes):
        raise BadInput(f"{folder}: {TENSORS} has class weights {list(weights.shape)} for {len(classes)} classes")
    if not about.get("frozen_image_tower", True):
        raise BadInput(f"{folder}: {about.get('method')} changes the image tower, which class weights do not hold")
    return Classifier(weights, scale, classes, backbone, about)
