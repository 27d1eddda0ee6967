"""What a process opens once: data sets, backbones and banks, until it lets go of them."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.run import resources
from benchmark.run.resources import Resources
from tests.support import toy


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    """What was opened, how often; backbones and data sets are toys."""
    counts: Counter[Any] = Counter()

    def backbone(name: str, device: str, precision: str) -> object:
        counts[name, device, precision] += 1
        return toy.tiny_clip()

    def dataset(name: str, data: Path | None) -> object:
        counts[name] += 1
        return toy.toy_dataset()

    monkeypatch.setattr(resources, "load_backbone", backbone)
    monkeypatch.setattr(resources, "open_dataset", dataset)
    return counts


def test_everything_is_opened_once_for_each_device_and_precision(opened: Counter[Any]) -> None:
    own = Resources(precision="fp32")
    for _ in range(2):
        own.dataset("toy")
        own.backbone("tiny", "cpu")
        own.backbone("tiny", "cpu", precision="bf16")
        own.backbone("tiny", "cuda:0")
    assert opened == {"toy": 1, ("tiny", "cpu", "fp32"): 1, ("tiny", "cpu", "bf16"): 1, ("tiny", "cuda:0", "fp32"): 1}


def test_what_is_forgotten_is_opened_again_and_the_rest_stays(opened: Counter[Any]) -> None:
    own = Resources(precision="fp32")
    for _ in range(2):
        own.dataset("toy")
        own.backbone("tiny", "cpu")
        own.forget("backbone")
    assert opened == {"toy": 1, ("tiny", "cpu", "fp32"): 2}


def test_another_process_opens_its_own(opened: Counter[Any]) -> None:
    own = Resources(Path("/data"), precision="bf16", save_predictions=True)
    own.dataset("toy")
    other = pickle.loads(pickle.dumps(own))
    assert other == Resources(Path("/data"), precision="bf16", save_predictions=True)
    other.dataset("toy")
    assert opened["toy"] == 2


def test_a_bank_is_kept_and_tells_whoever_asked_last(opened: Counter[Any]) -> None:
    own, told = Resources(), list[Any]()
    first = own.bank("embedded", "cpu", lambda event: told.append(("first", event)))
    second = own.bank("embedded", "cpu", lambda event: told.append(("second", event)))
    assert first is second and first.device == torch.device("cpu")
    second.progress("images", 3, 9, 120.4)  # type: ignore[misc]
    ((who, event),) = told
    assert who == "second"
    assert (event.what, event.text, event.done, event.total) == ("encode", "encoding images, 120 per second", 3, 9)


def test_a_bank_of_another_gpu_keeps_to_that_gpu(opened: Counter[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    current: list[str] = []
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.set_device", current.append)
    monkeypatch.setattr(resources, "load_backbone", lambda name, device: (*current, device))
    monkeypatch.setattr(resources, "bank_of", lambda *about: about[3])
    backbone, bank = resources.open_bank("tiny", "1", Path(), lambda *_: None)
    assert (backbone, bank) == (("cuda:1", "cuda:1"), "cuda:1")
    resources.open_bank("tiny", "cpu", Path(), lambda *_: None)
    assert current == ["cuda:1"]
