"""Files of weights as people have them: read as tensors alone, whatever is wrapped around them."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from open_clip import convert
from open_clip.factory import resize_pos_embed, resize_text_pos_embed
from safetensors.torch import load_file
from torch import Tensor, nn

from methods.errors import BackboneError

#: What OpenAI's files hold beside tensors of weights.
OPENAI = ("input_resolution", "context_length", "vocab_size")
#: Where training programs keep the weights in what they save.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
_PREFIXES = ("module.", "_orig_mod.", "model.")


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and whether they are OpenAI's, which were trained with QuickGELU."""

    tensors: dict[str, Tensor]
    is_openai: bool


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads safetensors, a file of `torch.save`, or the tensors of a TorchScript archive; no code of theirs is run.

    A dictionary around the tensors, the prefixes of wrappers, and OpenAI's three integers are taken off.

    Raises:
        BackboneError: there are no tensors in it, or the names are those of the `transformers` library.
    """
    if path.suffix == ".safetensors":
        content: Any = load_file(path)
    else:
        content = _archived(path) if _is_torchscript(path) else torch.load(path, map_location="cpu", weights_only=True)
    for name in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    tensors = {name: value for name, value in content.items() if isinstance(value, Tensor)} if _named(content) else {}
    if not tensors:
        raise BackboneError("cannot be loaded: there are no tensors of weights in it")
    tensors = _without_prefixes(tensors)
    if any(name.startswith("text_model.encoder.") for name in tensors):
        raise BackboneError(
            "cannot be loaded: its names are those of the transformers library; name the same weights as open_clip"
            " does, NAME/tag, or write features with that library and use features:FILE (docs/features.md)"
        )
    is_openai = all(name in content or name in tensors for name in OPENAI)
    return Checkpoint({name: value for name, value in tensors.items() if name not in OPENAI}, is_openai)


def load_into(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Gives a model of open_clip's its weights, all of them; positions are resized where lengths differ.

    Raises:
        RuntimeError: names or shapes are those of another architecture.
    """
    state = convert.convert_state_dict(model, dict(tensors))
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = {name if name.startswith(("visual.", "logit_")) else f"text.{name}": own for name, own in state.items()}
    for name in ("logit_scale", "logit_bias"):
        own = getattr(model, name, None)
        if name in state and own is not None:
            state[name] = state[name].reshape(own.shape)
    resize_pos_embed(state, model)
    resize_text_pos_embed(state, model)
    model.load_state_dict(state)


def _named(content: Any) -> bool:
    return isinstance(content, Mapping) and all(isinstance(name, str) for name in content)


def _without_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without what every one of them begins with."""
    for prefix in _PREFIXES * 2:
        if all(name.startswith(prefix) or name in OPENAI for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _archived(path: Path) -> dict[str, Tensor]:
    """Tensors of a TorchScript archive by the names of the modules that hold them; its code is not looked at."""
    with zipfile.ZipFile(path) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist() if "/data/" in part.filename):
            raise BackboneError("cannot be loaded: its tensors are compressed, which torch never does")
        place = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
        with archive.open(f"{place}data.pkl") as file:
            root = _Reader(file, archive, place).load()
    return dict(_tensors(root, ""))


class _Held:
    """What a module of an archive holds; its class is not known, and not needed."""

    def __init__(self, *_: Any) -> None:
        self.held: Mapping[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.held = state if isinstance(state, dict) else {}


def _tensors(module: Any, before: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in module.held.items() if isinstance(module, _Held) else ():
        if isinstance(value, Tensor):
            yield f"{before}{name}", value
        elif isinstance(value, _Held):
            yield from _tensors(value, f"{before}{name}.")
        elif isinstance(value, int) and name in OPENAI:
            yield f"{before}{name}", torch.tensor(value)


def _rebuilt(storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    return torch.as_strided(storage, size, stride, offset)


def _plain(value: Any, *_: Any) -> Any:
    return value


class _Reader(pickle.Unpickler):
    """Reads an archive's table of modules: of all that it names, it makes containers and tensors, and nothing else."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, place: str) -> None:
        super().__init__(file)
        self.archive, self.place = archive, place

    def find_class(self, module: str, name: str) -> Any:
        """The few things that an archive needs."""
        if module.startswith("__torch__"):
            return _Held
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch.jit._pickle":
            return _plain
        if module == "torch" and name.endswith("Storage"):
            return name
        raise BackboneError(f"cannot be loaded: it names {module}.{name}, which no file of weights needs")

    def persistent_load(self, reference: Any) -> Tensor:
        """The numbers of one storage, in one dimension."""
        _, kind, key, _, count = reference
        dtype = _DTYPES[kind]
        content = bytearray(self.archive.read(f"{self.place}data/{key}"))
        return torch.frombuffer(content, dtype=dtype, count=count) if count else torch.empty(0, dtype=dtype)


_DTYPES = {
    "FloatStorage": torch.float32, "HalfStorage": torch.float16, "DoubleStorage": torch.float64,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "BoolStorage": torch.bool, "ByteStorage": torch.uint8,
}  # fmt: skip
