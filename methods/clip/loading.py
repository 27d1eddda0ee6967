"""Loads backbones by name, and says in one line why one cannot be loaded."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import open_clip
import torch
from huggingface_hub import constants, get_session

from datamodules.errors import nearest
from methods.clip.backbone import Backbone, preprocess_of
from methods.clip.checkpoint import damage, load_into, read_checkpoint
from methods.clip.weights import RANDOM, Source, advice, is_file, is_remote, resolve
from methods.errors import BackboneError

PRECISIONS = ("auto", "fp32", "bf16")
#: Seconds until a server that does not answer counts as unreachable.
PATIENCE = 5.0
#: Suffixes of weights that open_clip converts from big_vision's names by itself.
BIG_VISION = (".npz", ".npy")


def load_backbone(name: str, device: str | torch.device = "cpu", precision: str = "auto") -> Backbone:
    """Loads `embedded`, `local-dir:/path`, `hf-hub:owner/name`, `NAME/tag`, `NAME:/file` or `NAME/random`.

    `precision` is "fp32", "bf16", or "auto": bf16 on a GPU, fp32 elsewhere. Weights that are not on this machine are
    fetched by open_clip; checkpoints are read as safetensors or with `weights_only`, never as free pickles. Raises
    BackboneError: an unknown precision or name, missing or unfit weights, or a tower that cannot be prompted.
    """
    device = torch.device(device)
    precision = choose_precision(precision, device)
    source = resolve(name)
    random = source.weights == RANDOM
    try:
        read = None
        if source.weights is not None and is_file(name) and Path(source.weights).suffix not in BIG_VISION:
            read = read_checkpoint(Path(source.weights))
        load = not random and read is None
        with torch.random.fork_rng(devices=[]), _quiet(), one_try() if is_remote(source) else nullcontext():
            torch.manual_seed(0)
            model = open_clip.create_model(
                source.model, pretrained=source.weights if load else None, load_weights=load, require_pretrained=load,
                force_quick_gelu=source.quick_gelu or (read is not None and read.is_openai), weights_only=True,
            )  # fmt: skip
            if read is not None:
                load_into(model, read.tensors)
            if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
                raise BackboneError("cannot be used: its weights are not all finite")
            tokenizer = open_clip.get_tokenizer(source.model)
        return Backbone(name, model, preprocess_of(model), tokenizer, precision).to(device)
    except BackboneError as error:
        raise BackboneError(f"backbone {name!r}: {error}") from error
    except Exception as error:  # a file of weights may hold anything
        raise BackboneError(f"backbone {name!r} cannot be loaded: {_why(source, error)}") from error


def choose_precision(precision: str, device: torch.device) -> str:
    """ "fp32" or "bf16"; "auto" is bf16 on a CUDA device, fp32 elsewhere. Raises BackboneError: for another word."""
    if precision not in PRECISIONS:
        raise BackboneError(f"unknown precision {precision!r}: {nearest(precision, PRECISIONS)}")
    if precision == "auto":
        return "bf16" if device.type == "cuda" else "fp32"
    return precision


def _why(source: Source, error: Exception) -> str:
    """One line on what is wrong with the weights, and what would be right."""
    text = " ".join(str(error).split())
    if broken := damage(error):
        return broken
    if "weights_only" in text.lower() or "weights only" in text.lower():
        return (
            "it is not a file of tensors alone, and reading it could run code; save its state_dict as safetensors and"
            " name that file"
        )
    if isinstance(error, AssertionError):  # of lengths and widths, which open_clip compares
        return f"its weights are of another architecture than {source.model}{f' ({text})' if text else ''}"
    if "state_dict" in text:
        return f"its weights are of another architecture than {source.model} ({text.partition(': ')[2][:120]} ...)"
    if "ownload" in text or "HF Hub" in text or isinstance(error, ConnectionError):
        return f"its weights are not on this machine and could not be fetched; {advice(source)}"
    return f"{type(error).__name__} {text}".strip()[:200]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences warnings on the QuickGELU that we set, and what the libraries log before an error that we explain."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="QuickGELU mismatch")
        logging.disable(logging.ERROR)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


@contextmanager
def one_try() -> Iterator[None]:
    """Context in which a hub that does not answer is asked once, where its library would retry for a minute per file.

    What is in the hub's cache is found either way.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _hub_answers()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _hub_answers() -> bool:
    try:
        return bool(get_session().head(constants.ENDPOINT, timeout=PATIENCE).status_code < 500)
    except Exception:  # what is raised depends on the hub's version and its HTTP library
        return False
