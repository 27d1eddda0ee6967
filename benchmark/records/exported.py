"""A trained classifier as files: tensors, what they mean, and a script that classifies pictures with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError

from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.records.checksummed import BadRecord, adapter, is_intact, parse, with_checksum
from benchmark.records.record import Fraction, Percent, finite, why
from datamodules import reading

Arrays = Mapping[str, NDArray[Any]]
TENSORS, ABOUT, SCRIPT, TEXT_FEATURES = "prompt.safetensors", "prompt.json", "classify.py", "text_features.safetensors"
FILES = (TENSORS, ABOUT, SCRIPT, TEXT_FEATURES)
USAGE = "logits = logit_scale * unit_image_features @ class_weights.T; their columns are `classes` in this order"
#: Layout of `prompt.json`; since 1 it ends with a checksum of itself and holds those of the other files.
SCHEMA: Final = 1


@dataclass(frozen=True)
class OpenClip:
    """How the script finds the model: what open_clip calls it, and a tag, or a folder or file that has no path."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    model_name: str = ""
    pretrained: str | None = None
    file: str | None = None
    force_quick_gelu: bool = False


@dataclass(frozen=True)
class About:
    """What `prompt.json` says: what is needed to classify, then what the classifier was trained on and reached."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    backbone: str
    files: Mapping[str, str]
    tensors: Mapping[str, tuple[int, ...]]
    sha256: str
    schema: Literal[1] = SCHEMA
    usage: str = USAGE
    open_clip: OpenClip = field(default_factory=OpenClip)
    frozen_image_tower: bool = True
    hashes: Mapping[str, str] = field(default_factory=dict)
    run: str = ""
    dataset: str = ""
    method: str = ""
    recipe: str = ""
    noise: str = ""
    rate: Fraction | None = None
    accuracy: Percent | None = None
    images: int | None = None
    chosen_by: str = ""
    class_names: tuple[str, ...] = ()
    nearest_words: Any = None

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise BadRecord("it has two classes of one name")


@dataclass(frozen=True)
class Classifier:
    """Class weights [C, E] and their logit scale, the C classes, the backbone's name, and all else that was noted."""

    weights: NDArray[np.float32]
    scale: float
    classes: tuple[str, ...]
    backbone: str
    about: About


def write(folder: Path, learned: Arrays, about: Mapping[str, Any]) -> list[Path]:
    """Writes tensors and their meaning; for a frozen image tower also a script, and text features for `transformers`.

    `about` has fields of `About`, at least `classes` and `backbone`; the script needs `open_clip`. Raises BadInput: one
    of FILES is there that is not ours, or `read` would refuse what is to be written; nothing is.
    """
    from safetensors.numpy import save

    kept = {name: np.array(values, order="C") for name, values in learned.items()}
    _checked(kept, len(about["classes"]))
    files: dict[str, bytes] = {TENSORS: save(kept, metadata={"run": str(about.get("run", "")), "usage": USAGE})}
    if about.get("frozen_image_tower"):
        files[TEXT_FEATURES] = save(text_features(learned))
        if about.get("open_clip"):
            files[SCRIPT] = reading.read_bytes(Path(__file__).with_name(SCRIPT))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    shapes = {name: list(values.shape) for name, values in kept.items()}
    meaning = {"schema": SCHEMA, **about, "usage": USAGE, "tensors": shapes, "files": hashes}
    text = with_checksum(
        json.dumps(finite(meaning), indent=1, ensure_ascii=False, allow_nan=False).encode()[: -len("\n}")]
    )
    _parsed(text)
    outputs = Outputs(folder, "classifier")
    outputs.write({**files, ABOUT: text})
    outputs.remove_stale()  # what an earlier classifier had and this one lacks
    return [folder / name for name in (TENSORS, ABOUT, TEXT_FEATURES, SCRIPT) if name == ABOUT or name in files]


def text_features(learned: Arrays) -> dict[str, NDArray[np.float32]]:
    """`text_embeds` [C, E] and `logit_scale` [] as `transformers.CLIPModel` has them: the scale is a logarithm.

    Its logits are exp(logit_scale) * image_embeds @ text_embeds.T. Weights that all have one length become unit
    vectors; others keep their proportions.
    """
    weights = np.asarray(learned["class_weights"], np.float32)
    length = float(np.linalg.norm(weights, axis=1).mean()) or 1.0
    scale = np.log(float(learned["logit_scale"]) * length)
    return {"text_embeds": np.ascontiguousarray(weights / length), "logit_scale": np.array(scale, np.float32)}


def read(path: Path) -> Classifier:
    """The classifier in an exported folder, or whose tensors or JSON are `path`.

    Raises BadInput: files that are missing, were changed or do not belong together; the message says what is wrong.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = path.parent if path.is_file() else path
    for name in (TENSORS, ABOUT):
        if not (folder / name).is_file():
            raise BadInput(f"{folder} holds no {name}; `promptnoise export` or `choose` writes a classifier")
    try:
        about = _parsed(reading.read_bytes(folder / ABOUT), folder)
        tensors = {name: _bytes(folder, name, about) for name in about.files}[TENSORS]
        learned = load(tensors)
        if (shapes := {name: values.shape for name, values in learned.items()}) != about.tensors:
            raise BadRecord(f"{TENSORS} holds other tensors than {ABOUT} says: {shapes}")
        weights, scale = _checked(learned, len(about.classes))
    except (BadInput, SafetensorError, ValueError, KeyError, TypeError) as error:
        what = str(error) if isinstance(error, BadInput) else f"{type(error).__name__} {error}"
        raise BadInput(f"{folder} holds no classifier that can be read: {what}") from None
    if not about.frozen_image_tower:
        raise BadInput(f"{folder}: {about.method} changes the image tower, which class weights do not hold")
    return Classifier(weights, scale, about.classes, about.backbone, about)


def _parsed(text: bytes, folder: Path | None = None) -> About:
    data = parse(text)
    if not isinstance(data, dict) or "classes" not in data:
        raise BadRecord(f"{ABOUT} is none of a classifier")
    if "sha256" not in data:
        again = "promptnoise choose" if "chosen_by" in data else "promptnoise export RUN"
        raise BadRecord(f"{ABOUT} has no checksum, as earlier versions wrote it; `{again}` writes it anew")
    if not is_intact(text):
        raise BadRecord(f"{ABOUT} was changed after it was written: its content does not fit its checksum")
    try:
        found: About = adapter(About).validate_json(text, strict=True)
        return found
    except ValidationError as error:
        raise BadRecord(f"{ABOUT}: {why(error)}") from None


def _bytes(folder: Path, name: str, about: About) -> bytes:
    """The content of a file beside `prompt.json`, which names its hash; all but the tensors may have been left out."""
    path = folder / Path(name).name
    if not path.exists() and name != TENSORS:
        return b""
    content = reading.read_bytes(path, reading.TENSORS) if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != about.files[name]:
        raise BadRecord(f"{name} was changed, or is of another classifier: it does not fit the checksum in {ABOUT}")
    return content


def _checked(learned: Arrays, classes: int) -> tuple[NDArray[np.float32], float]:
    """Class weights [C, E] and their scale, finite and of as many classes as there are names."""
    weights, scale = learned["class_weights"].astype(np.float32), float(learned["logit_scale"])
    if weights.ndim != 2 or len(weights) != classes:
        raise BadRecord(f"{TENSORS} has class weights {list(weights.shape)} for {classes} classes")
    if not np.isfinite(weights).all() or not 0 < scale < float("inf"):
        raise BadRecord("the class weights are not finite, or their logit scale is not positive")
    return weights, scale
