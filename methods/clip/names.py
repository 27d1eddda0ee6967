"""Names of backbones: those of folders and files, and what other spellings mean; imports no torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from datamodules import reading
from datamodules.errors import DataError, look_alikes, nearest
from datamodules.foreign import folded
from datamodules.names import parse_spec
from methods.errors import BackboneError

#: OpenAI's models as its own code, the transformers library and open_clip write them, without signs.
_OPENAI = re.compile(
    r"(?:openai)?(?:clip)?(?:(rn(?:50|101)(?:x\d+)?)|vit(b|l)(?:ase|arge)?(?:patch)?(14|16|32)(336)?(?:px)?)"
    r"(quickgelu)?(?:openai)?"
)


def split_name(name: str) -> tuple[str, str]:
    """A backbone without its option `name`, and that option; empty where there is none.

    >>> split_name("local-dir:/models/clip[name=mine]"), split_name("ViT-B-16/openai")
    (('local-dir:/models/clip', 'mine'), ('ViT-B-16/openai', ''))

    Raises BackboneError: another option, or a name for what is no folder or file.
    """
    try:
        place, options = parse_spec(name)
    except DataError:  # a path with brackets
        return name, ""
    if options.keys() - {"name"}:
        raise BackboneError(f"backbone {name!r} has no option {min(options.keys() - {'name'})!r}; it has: name")
    if options and (":" not in place or place.startswith("hf-hub:")):
        raise BackboneError(f"backbone {name!r} has a name of its own; only local-dir:/path and NAME:/file get one")
    return place, options.get("name", "")


def meant(name: str) -> str:
    """What a name that is no backbone's probably means, as it is written here; empty where nothing is known.

    >>> meant("ViT-B/16"), meant("openai/clip-vit-large-patch14-336"), meant("RN50x4"), meant("EMBEDDED_VIT")
    ('ViT-B-16/openai', 'ViT-L-14-336/openai', 'RN50x4/openai', 'embedded-vit')
    >>> meant("laion/CLIP-ViT-B-32-laion2B-s34B-b79K"), meant("vit-b-16/laion400m_e32"), meant("siglip")
    ('hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K', 'ViT-B-16/laion400m_e32', '')
    """
    place = re.sub(r"^(hf|hf-hub|folder|file):(//)?", "", name)
    if (path := Path(place).expanduser()).exists():
        return f"local-dir:{place}" if path.is_dir() else f"NAME:{place}"
    if found := _OPENAI.fullmatch(folded(place)):
        resnet, size, patch, pixels, activation = found.groups()
        model = resnet.upper().replace("X", "x") if resnet else f"ViT-{size.upper()}-{patch}"
        return f"{model}{'-336' if pixels else ''}{'-quickgelu' if activation else ''}/openai"
    model, slash, tag = place.partition("/")
    for own in models() if slash else ():
        if folded(own) == folded(model):
            return f"{own}/{tag}"
    if re.fullmatch(r"[^/\s]+/[^/\s]*(clip|vit|eva)[^/\s]*", place, re.IGNORECASE) and not name.startswith("hf-hub:"):
        return f"hf-hub:{place}"
    near = [] if slash else look_alikes(place, ("embedded", "embedded-vit"))
    return near[0] if near and near[0] != name else ""


@cache
def models() -> tuple[str, ...]:
    """The names of open_clip's models, read off its files; none where it is not installed."""
    return tuple(sorted(file.stem for file in open_clip_folder().glob("model_configs/*.json")))


@cache
def tags(model: str) -> tuple[str, ...]:
    """The weights that open_clip has of a model, read off its table; none where it is not installed or has none."""
    file = open_clip_folder() / "pretrained.py"
    lines = ast.parse(reading.read_text(file)).body if file.is_file() else []
    named = {ast.unparse(line.targets[0]): line.value for line in lines if isinstance(line, ast.Assign)}
    table = named.get("_PRETRAINED")
    for key, value in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
        own = named.get(ast.unparse(value), value)
        if key and ast.literal_eval(key) == model.removesuffix("-quickgelu") and isinstance(own, ast.Call):
            return tuple(word.arg for word in own.keywords if word.arg)
    return ()


def no_weights(model: str, tag: str, known: Sequence[str]) -> BackboneError:
    """The error for a tag that a model does not have."""
    return BackboneError(f"open_clip has no weights {tag!r} of {model}: {nearest(tag, known)}")


def open_clip_folder() -> Path:
    """The folder of open_clip, which is not imported; one that is not there where it is not installed."""
    package = find_spec("open_clip")
    return Path(package.submodule_search_locations[0] if package and package.submodule_search_locations else "/nowhere")


def prompt_file(path: Path) -> Path:
    """The file of a prompt of CoOp in a folder or below it, that of the last epoch; other paths stay as they are."""
    there = [file for file in path.rglob("model*.pth.tar*") if file.is_file()] if path.is_dir() else []
    return max(there, key=lambda file: (int((re.findall(r"-(\d+)$", file.name) or [0])[-1]), file.name), default=path)
