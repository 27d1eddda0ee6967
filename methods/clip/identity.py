"""What makes one backbone another: everything that a feature depends on, as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Set
from enum import Enum
from functools import partial
from typing import Any

from torch import Tensor, nn, uint8

#: Which rule made a digest; raised when the rule changes, so that digests of two rules are never taken for two models.
RULE = "v2"

#: Attributes that say where something came from or what it has seen, and nothing of what it computes.
PROVENANCE = ("path", "file", "dir", "url", "cache", "pretrained_cfg", "default_cfg", "version", "hash")

_SETTINGS_OF_TORCH = frozenset(vars(nn.Module()))


def contents(model: nn.Module, preprocess: Mapping[str, Any], tokenizer: Any) -> str:
    """Hex digest of a model's tensors and settings, of its whole preprocessing configuration and of its tokenizer.

    The settings are what the built modules hold: their classes, every plain attribute (heads, activations, pooling,
    lengths, ...) and where their computed buffers mask. Names of places, addresses and the last digits of numbers
    do not count, so that one model has one digest on every machine.
    """
    settings = [_described(model), _described(preprocess), _described(tokenizer)]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for key, value in sorted(model.state_dict().items()):
        digest.update(f"{key}{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(uint8).numpy().data)
    return digest.hexdigest()


def identity(content: str, precision: str) -> str:
    """The name of what computes features: the rule, and a hex digest of `contents` and the precision."""
    return f"{RULE}:{hashlib.sha256(f'{content} {precision}'.encode()).hexdigest()}"


def _described(value: Any, inside: tuple[int, ...] = ()) -> Any:
    """A value as JSON that is the same wherever it is made; what cannot be told apart so is named by its class."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else f"{value:.9g}"
    if isinstance(value, Enum):
        return [type(value).__name__, value.name]
    if isinstance(value, Tensor):
        return [str(value.dtype), list(value.shape), hashlib.sha256(value.isinf().cpu().numpy().tobytes()).hexdigest()]
    if id(value) in inside:
        return "itself"
    inside = (*inside, id(value))
    if isinstance(value, Mapping):
        return _mapping(value, inside)
    if isinstance(value, list | tuple):
        return [_described(item, inside) for item in value]
    if isinstance(value, Set):
        return sorted((_described(item, inside) for item in value), key=json.dumps)
    return _object(value, inside)


def _mapping(value: Mapping[Any, Any], inside: tuple[int, ...]) -> Any:
    """Keys and values in an order of their own; a vocabulary, tens of thousands of words and numbers, as one digest."""
    if len(value) > 1000:
        for pairs in (zip(value.values(), value, strict=True), value.items()):
            numbered = list(pairs)
            if all(type(number) is int for number, _ in numbered):
                return hashlib.sha256(repr(sorted(numbered)).encode()).hexdigest()
    kept = [(key, item) for key, item in value.items() if not _is_provenance(key, item)]
    return sorted(([_described(key, inside), _described(item, inside)] for key, item in kept), key=json.dumps)


def _object(value: Any, inside: tuple[int, ...]) -> Any:
    """The class and the attributes of anything else; functions and classes by their names."""
    if hasattr(value, "__qualname__"):
        return value.__qualname__
    about = [type(value).__qualname__]
    if isinstance(value, partial):
        return [*about, *(_described(part, inside) for part in (value.func, value.args, value.keywords))]
    if hasattr(value, "pattern"):  # a regular expression
        return [*about, value.pattern, int(value.flags)]
    if isinstance(value, nn.Module):
        parts = [*value.named_children(), *value.named_buffers(recurse=False)]
        own = {name: item for name, item in vars(value).items() if name not in _SETTINGS_OF_TORCH}
        return [*about, _settings(own, inside), [[name, _described(part, inside)] for name, part in parts]]
    if hasattr(value, "get_vocab"):
        about.append(_described(value.get_vocab(), inside))
    if hasattr(value, "to_str"):  # a tokenizer of Hugging Face's: the file that it would be saved as
        saved = json.loads(value.to_str())
        about.append(_described({**saved, "truncation": None, "padding": None}, inside))
    return [*about, _settings(getattr(value, "__dict__", {}), inside)]


def _settings(attributes: Mapping[str, Any], inside: tuple[int, ...]) -> Any:
    """Attributes, without those that are off, as one that another version of a library adds is by default."""
    return _mapping({name: item for name, item in attributes.items() if item is not None and item is not False}, inside)


def _is_provenance(key: Any, value: Any) -> bool:
    return isinstance(key, str) and key.endswith(PROVENANCE) and not isinstance(value, bool | int | float)
