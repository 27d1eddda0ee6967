"""Where a backbone's weights come from, and what to do when they are not there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import open_clip
from open_clip.factory import parse_model_name
from open_clip.pretrained import get_pretrained_cfg

from datamodules import reading
from datamodules.formats.picture_files import other_kind
from methods.clip.names import no_weights, split_name
from methods.clip.transformers_names import advice_for
from methods.errors import BackboneError
from methods.recipes import is_embedded

HERE = Path(__file__).parent
#: Suffixes of files of weights.
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".npz", ".tar")
#: Asks for seeded random weights, for timing.
RANDOM = "random"


@dataclass(frozen=True)
class Source:
    """open_clip's name of a model, and its weights: a tag, a file, `random`, or None where the name brings them.

    `quick_gelu` is what the weights were trained with: it belongs to a tag, not to the model's name, and open_clip
    only warns where the two differ.
    """

    model: str
    weights: str | None = None
    quick_gelu: bool = False


def resolve(name: str) -> Source:
    """Takes `embedded[-vit]`, `local-dir:/path`, `hf-hub:owner/name`, `NAME/tag`, `NAME:/file` or `NAME/random` apart.

    Folders and files may have a name, `local-dir:/path[name=mine]`. Raises BackboneError: an unknown model or tag, with
    the nearest match, or a file or folder that does not exist.
    """
    name, _ = split_name(name)
    if is_embedded(name):
        name = f"local-dir:{HERE / name.replace('-', '_')}"
    scheme, place = parse_model_name(name)
    if scheme == "local-dir":
        _check_folder(name, Path(place))
    if scheme is not None:
        return Source(name)
    mark = ":" if ":" in name else "/"
    model, found, weights = name.partition(mark)
    if not found or not weights:
        raise BackboneError(f"backbone {name!r} names no weights; write NAME/tag, NAME:/file, embedded or embedded-vit")
    if model not in open_clip.list_models():
        near = difflib.get_close_matches(model, open_clip.list_models(), n=3)
        raise BackboneError(f"open_clip has no model {model!r}; did you mean one of {', '.join(near) or 'its list'}?")
    if mark == ":":
        if not Path(weights).is_file():
            what = "is a folder; name the file of weights in it" if Path(weights).is_dir() else "does not exist"
            raise BackboneError(f"backbone {name!r}: the file {weights} {what}")
        _check_file(name, Path(weights))
        return Source(model, weights)
    if weights == RANDOM:
        return Source(model, RANDOM)
    tag = get_pretrained_cfg(model, weights)
    if not tag:
        raise no_weights(model, weights, open_clip.list_pretrained_tags_by_model(model))
    return Source(model, weights, bool(tag.get("quick_gelu")))


def _check_folder(name: str, folder: Path) -> None:
    if not folder.is_dir():
        raise BackboneError(f"backbone {name!r}: the folder {folder} does not exist")
    if other := advice_for(folder):
        raise BackboneError(f"backbone {name!r}: {other}")
    for file in (each for each in folder.iterdir() if not each.is_dir()):
        _check_file(name, file)


def _check_file(name: str, file: Path) -> None:
    """Accept a file of a model before open_clip opens it, which would wait for a pipe."""
    try:
        reading.check(file, reading.TENSORS)
    except OSError as error:
        raise BackboneError(f"backbone {name!r}: {file} cannot be read: {error.strerror}") from None
    if file.suffix in WEIGHTS and (other := other_kind(file)):
        raise BackboneError(f"backbone {name!r}: {file} holds no weights: {other}")


def open_clip_arguments(name: str) -> dict[str, str | bool]:
    """How an exported classifier names a backbone: as open_clip does, folders and files without their path.

    Empty for random weights. Raises BackboneError: as `resolve` does.
    """
    source, (place, shown) = resolve(name), split_name(name)
    if source.weights == RANDOM:
        return {}
    if is_embedded(name):
        return {"model_name": f"local-dir:{__package__.replace('.', '/')}/{name.replace('-', '_')}"}
    if parse_model_name(source.model)[0] == "local-dir":
        return {"model_name": f"local-dir:{shown or Path(place).name}"}
    if source.weights is not None and Path(source.weights).is_file() and ":" in place:
        return {"model_name": source.model, "file": shown or Path(source.weights).name}
    given = {} if source.weights is None else {"pretrained": source.weights}
    return {"model_name": source.model, **given, **({"force_quick_gelu": True} if source.quick_gelu else {})}


def is_file(name: str) -> bool:
    """Whether a backbone is named `NAME:/file`."""
    place, _ = split_name(name)
    return parse_model_name(place)[0] is None and ":" in place


def is_remote(source: Source) -> bool:
    """Whether a model or its weights come from the network where they are not in a cache."""
    if parse_model_name(source.model)[0] == "hf-hub":
        return True
    return source.weights not in (None, RANDOM) and not Path(source.weights or "").is_file()


def advice(source: Source) -> str:
    """How to get weights onto a machine without a network."""
    scheme, place = parse_model_name(source.model)
    if scheme == "hf-hub":
        return f"where there is a network, download the repository {place} and use local-dir:/path/to/it"
    tag = get_pretrained_cfg(source.model, source.weights or "")
    repository, _, file = str(tag.get("hf_hub", "")).rpartition("/")
    where = f"{file or 'open_clip_model.safetensors'} of {repository}" if repository else str(tag.get("url", ""))
    suffix = "-quickgelu" if source.quick_gelu and not source.model.endswith("-quickgelu") else ""
    return (
        f"where there is a network, `promptnoise fetch --backbone={source.model}/{source.weights}` fetches them, or"
        f" download {where} and use --backbone={source.model}{suffix}:/path/to/the/file"
    )
