"""Classifies pictures with the files beside it: python classify.py [--model=PLACE] PICTURE ...

Prints file, class and probability. PLACE is the CLIP model, where its name does not say where it is: a folder that
open_clip reads, or a file of weights. It needs open_clip, safetensors and Pillow, and runs nothing that it reads.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path, PurePosixPath
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKSUM = b',\n"sha256": "'
FILES = ("prompt.safetensors", "text_features.safetensors", "classify.py")
SETTINGS = {"model_name": str, "pretrained": str, "file": str, "force_quick_gelu": bool}


def load(place: str = "") -> tuple[Any, Any, Any, float, list[str]]:
    """The model, its preprocessing, class weights [C, E], their logit scale and the C classes, once all is checked.

    Raises ValueError: a file was changed or does not fit; the message says which.
    """
    about = _sealed()
    for name in FILES:
        path = HERE / name
        needed = name == FILES[0] or path.exists()
        if needed and hashlib.sha256(path.read_bytes()).hexdigest() != about["files"].get(name):
            raise ValueError(f"{name} is not the file that prompt.json was written with")
    from safetensors.torch import load_file

    learned, classes = load_file(HERE / FILES[0]), about["classes"]
    weights, scale = learned["class_weights"].float(), float(learned["logit_scale"])
    if weights.ndim != 2 or not weights.isfinite().all() or not 0 < scale < float("inf"):
        raise ValueError("the class weights are no finite matrix, or their scale is not positive")
    named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    if not named or not len(set(classes)) == len(classes) == len(weights):
        raise ValueError(f"the classes are not {len(weights)} different names")
    model, preprocess = _model(about["open_clip"], place)
    return model.eval(), preprocess, weights, scale, classes


def _sealed() -> Any:
    text = (HERE / "prompt.json").read_bytes()
    body = text[: text.rfind(CHECKSUM)]
    if text != body + CHECKSUM + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n':
        raise ValueError("prompt.json was changed after it was written, or has no checksum")
    return json.loads(text)


def _model(known: dict[str, Any], place: str) -> Any:
    """The model of a name and a tag that open_clip knows, or at a place; tensors are read, and no pickles."""
    import open_clip

    for key, value in known.items():
        if type(value) is not SETTINGS.get(key):
            raise ValueError(f"prompt.json has a setting of open_clip that is not known, {key!r}")
    name, weights = known.get("model_name", ""), known.get("pretrained")
    if weights is not None and weights not in open_clip.list_pretrained_tags_by_model(name):
        raise ValueError(f"open_clip knows no weights {weights!r} of {name!r}")
    folder = name.removeprefix("local-dir:") if name.startswith("local-dir:") else ""
    if folder or "file" in known:
        place = place or _beside(folder or known["file"])
    elif weights is None and not name.startswith("hf-hub:") and not place:
        raise ValueError("prompt.json names no weights; say with --model=PLACE where they are")
    if place:
        name, weights = (f"local-dir:{place}", None) if Path(place).is_dir() else (name, place)
    quick = known.get("force_quick_gelu", False)
    return open_clip.create_model_from_pretrained(name, pretrained=weights, force_quick_gelu=quick, weights_only=True)


def _beside(name: str) -> str:
    """The path of a folder or file of this name that lies beside this script or in an installed package."""
    parts = PurePosixPath(name).parts
    spec = importlib.util.find_spec(parts[0]) if parts and parts[0].isidentifier() else None
    roots = [HERE, *([Path(spec.origin).parent.parent] if spec and spec.has_location and spec.origin else [])]
    for root in roots:
        if ".." not in parts and not Path(name).is_absolute() and root.joinpath(*parts).exists():
            return str(root.joinpath(*parts))
    raise ValueError(f"the model {name!r} is not beside this script; say with --model=PLACE where it is")


def main(words: list[str]) -> int:
    """Prints a line for each picture; 2 if something cannot be used."""
    place = next((word.removeprefix("--model=") for word in words if word.startswith("--model=")), "")
    try:
        model, preprocess, weights, scale, classes = load(place)
        import torch
        from PIL import Image

        for path in (word for word in words if not word.startswith("--model=")):
            with torch.no_grad(), Image.open(path) as image:
                features = model.encode_image(preprocess(image.convert("RGB"))[None], normalize=True)
            chances = (scale * features @ weights.T).softmax(-1)[0]
            found = (path, classes[int(chances.argmax())], f"{float(chances.max()):.4f}")
            print("\t".join("".join(sign if sign.isprintable() else "?" for sign in text) for text in found))
    except Exception as error:
        print(f"classify.py: {type(error).__name__}: {' '.join(str(error).split())[:300]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
