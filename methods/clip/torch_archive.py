"""The tensors in archives of torch, TorchScript's and those of `torch.save`: code of theirs is not looked at nor run.

An archive's table is a pickle. `_Reader` reads it with a class of its own in the place of every class that it names,
so that nothing of the archive, nor any function but those below, is called.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from methods.clip.transformers_names import KNOWN
from methods.errors import BackboneError

#: What OpenAI's files hold beside tensors of weights.
OPENAI = ("input_resolution", "context_length", "vocab_size")


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of a model with its code, as OpenAI's downloads are."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_archive(path: Path) -> Any:
    """What an archive holds: containers, numbers, words and tensors, and a shell for any other object.

    Raises BackboneError: it names what no file of weights needs.
    """
    with zipfile.ZipFile(path) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist() if "/data/" in part.filename):
            raise BackboneError("cannot be loaded: its tensors are compressed, which torch never does")
        place = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
        with archive.open(f"{place}data.pkl") as file:
            return _Reader(file, archive, place).load()


class _Held:
    """What an object of an archive holds; its class is not known, and not needed."""

    def __init__(self, *_: Any) -> None:
        self.held: Mapping[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.held = state if isinstance(state, dict) else {}

    def append(self, *_: Any) -> None:
        """Nothing of what a container of an unknown kind has in it is kept."""

    add = __setitem__ = append


def tensors_of(module: Any, before: str = "") -> Iterator[tuple[str, Tensor]]:
    """Tensors of an archive's module by the names of the modules that hold them, and OpenAI's integers."""
    for name, value in module.held.items() if isinstance(module, _Held) else ():
        if isinstance(value, Tensor):
            yield f"{before}{name}", value
        elif isinstance(value, _Held):
            yield from tensors_of(value, f"{before}{name}.")
        elif isinstance(value, int) and name in OPENAI:
            yield f"{before}{name}", torch.tensor(value)


def _rebuilt(storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    return torch.as_strided(storage, size, stride, offset)


def _plain(value: Any, *_: Any) -> Any:
    return value


class _Reader(pickle.Unpickler):
    """Reads an archive's table: of all that it names, it makes containers, tensors and shells, and nothing else."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, place: str) -> None:
        super().__init__(file)
        self.archive, self.place = archive, place

    def find_class(self, module: str, name: str) -> Any:
        """The few things that an archive needs."""
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
            ("torch._utils", "_rebuild_parameter"): _plain,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch.jit._pickle":
            return _plain
        if module == "torch" and name.endswith("Storage"):
            return name
        if module.partition(".")[0] in KNOWN["beside"] or (
            module in ("builtins", "__builtin__") and name in KNOWN["builtins"]
        ):
            return _Held
        what = f"it names {module}.{name}, which no file of weights needs; save the model's state_dict()"
        raise BackboneError(f"cannot be loaded: it is not a file of tensors alone: {what}")

    def persistent_load(self, reference: Any) -> Tensor:
        """The numbers of one storage, in one dimension."""
        _, kind, key, _, count = reference
        dtype = getattr(torch, KNOWN["storages"][kind])
        content = bytearray(self.archive.read(f"{self.place}data/{key}"))
        return torch.frombuffer(content, dtype=dtype, count=count) if count else torch.empty(0, dtype=dtype)
