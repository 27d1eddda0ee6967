"""Packs that do not fit into memory train in parts, and end with the same numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.plan.options import Options
from benchmark.plan.packs import packs
from benchmark.run import pack_memory
from benchmark.run.pack_memory import AllocatedBytes, TooLarge, fit_memory, free_bytes, text_pass_bytes
from benchmark.run.resources import Resources
from benchmark.run.worker import Runner
from methods import coop, linear_probe
from methods.clip.loading import load_backbone
from methods.core.pack_module import PackModule
from tests.support import toy

RESOURCES = Resources()


def train(out: Path) -> None:
    """Trains a small grid in one pack, in this process."""
    options = {"datasets": "digits", "methods": "coop,gce,ce", "noise": "0.5", "seeds": "1", "shots": "1"}
    (pack,) = packs(Options(**options, epochs=2).grid().runs(), 96)
    try:
        Runner(out, RESOURCES)(pack, "cpu", lambda event: None)
    finally:
        RESOURCES.backbone("embedded", "cpu").text.classes_at_once = 0


def results(out: Path) -> dict[str, list[float]]:
    records = [json.loads(path.read_text()) for path in (out / "runs").glob("*/*.json")]
    return {record["key"]: [*record["curves"]["loss"], record["accuracy"]] for record in records}


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    out = tmp_path_factory.mktemp("roomy")
    train(out)
    return results(out)


@pytest.mark.parametrize("share", [0.4, 0.0])
def test_short_memory_cuts_packs_and_changes_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roomy: dict[str, list[float]], share: float
) -> None:
    sizes: list[tuple[int, int]] = []

    def spy(module: PackModule, device: str, sharing: int) -> None:
        whole = 0.1e6 if module.run_count == 3 else 1e9
        monkeypatch.setattr(pack_memory, "free_bytes", lambda device: share * whole)
        fit_memory(module, device, sharing)
        sizes.append((module.run_count, module.members[0].task.backbone.text.classes_at_once))

    monkeypatch.setattr("benchmark.run.training.fit_memory", spy)
    train(tmp_path / "short")
    assert max(size for size, _ in sizes) < 3 and {at_once > 0 for _, at_once in sizes} == {share == 0}
    short = results(tmp_path / "short")
    assert short.keys() == roomy.keys() and len(roomy) == 3
    for key, values in roomy.items():
        assert short[key] == pytest.approx(values, abs=2e-3)


def test_a_pack_that_fits_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    module = PackModule([coop.Method(toy.task([1, 2]))])
    monkeypatch.setattr(pack_memory, "free_bytes", lambda device: 2 * text_pass_bytes(module))
    fit_memory(module, "cpu")
    assert toy.tiny_clip().text.classes_at_once == 0


def test_a_pack_is_cut_into_as_few_parts_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    module = PackModule([coop.Method(toy.task(range(8)))])
    monkeypatch.setattr(pack_memory, "SHARE", 1.0)
    monkeypatch.setattr(pack_memory, "free_bytes", lambda device: 0.3 * text_pass_bytes(module))
    with pytest.raises(TooLarge, match="in 4 parts"):
        fit_memory(module, "cpu")


def test_workers_that_share_a_device_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    module = PackModule([coop.Method(toy.task(range(8)))])
    monkeypatch.setattr(pack_memory, "SHARE", 1.0)
    monkeypatch.setattr(pack_memory, "free_bytes", lambda device: int(1.5 * text_pass_bytes(module)))
    fit_memory(module, "cpu")
    with pytest.raises(TooLarge, match="in 2 parts"):
        fit_memory(module, "cpu", sharing=2)


def test_a_method_without_prompts_needs_next_to_nothing() -> None:
    module = PackModule([linear_probe.Method(toy.task([1]))])
    assert text_pass_bytes(module) < 1000


def test_free_memory_is_known_here() -> None:
    free = free_bytes("cpu")
    assert free is None or free > 2**20


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int, int], None]:
    """Sets what a GPU that this machine need not have says of its memory: free, reserved and allocated bytes."""

    def says(free: int, reserved: int, allocated: int) -> None:
        monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (free, 10 * free))
        monkeypatch.setattr("torch.cuda.memory_reserved", lambda device: reserved)
        monkeypatch.setattr("torch.cuda.memory_allocated", lambda device: allocated)

    return says


def test_a_gpu_has_free_what_is_free_and_what_the_allocator_holds_unused(gpu: Callable[[int, int, int], None]) -> None:
    gpu(1000, 500, 200)
    assert free_bytes("cuda:1") == 1300


def test_on_a_gpu_a_pack_is_cut_by_the_gpu_s_memory(gpu: Callable[[int, int, int], None]) -> None:
    module = PackModule([coop.Method(toy.task(range(8)))])
    need = text_pass_bytes(module)
    gpu(int(need / pack_memory.SHARE) + 1000, 0, 0)
    fit_memory(module, "cuda:0")
    gpu(int(need / pack_memory.SHARE / 2), 2 * need, need)
    fit_memory(module, "cuda:0")
    gpu(int(need / pack_memory.SHARE / 2), 0, 0)
    with pytest.raises(TooLarge, match=r"in (2|3) parts"):
        fit_memory(module, "cuda:0")
    with pytest.raises(TooLarge, match=r"in (4|5) parts"):
        fit_memory(module, "cuda:0", sharing=2)
    assert toy.tiny_clip().text.classes_at_once == 0


def test_on_a_gpu_one_run_that_is_too_large_gets_its_classes_a_few_at_a_time(
    gpu: Callable[[int, int, int], None],
) -> None:
    module = PackModule([coop.Method(toy.task([1]))])
    gpu(int(text_pass_bytes(module) / pack_memory.SHARE / 3), 0, 0)
    fit_memory(module, "cuda:0")
    assert toy.tiny_clip().text.classes_at_once in (1, 2)
    toy.tiny_clip().text.classes_at_once = 0


@pytest.mark.parametrize("position", ["end", "middle"])
@pytest.mark.parametrize("csc", [False, True])
def test_classes_in_chunks_need_less_memory_and_give_the_same(position: str, csc: bool) -> None:
    backbone = load_backbone("embedded")
    names = tuple(f"{word} {number}" for number in range(10) for word in ("cat", "sign post", "x", "blue old shoe"))
    layout = backbone.layout(names, 4, position)
    generator = torch.Generator().manual_seed(1)
    shape = (2, len(names), 4, 64) if csc else (2, 4, 64)
    ctx = (0.1 * torch.randn(shape, generator=generator)).requires_grad_()
    weights = torch.randn(2, len(names), 256, generator=generator)
    found = {}
    for few in (0, 7):
        backbone.text.classes_at_once = few
        counter = AllocatedBytes()
        with counter:
            encoded = backbone.encode_prompts(ctx, layout)
            (gradient,) = torch.autograd.grad((encoded * weights).sum(), ctx)
        found[few] = (encoded.detach(), gradient, counter.peak)
    torch.testing.assert_close(found[7][0], found[0][0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[7][1], found[0][1], atol=1e-5, rtol=1e-4)
    assert found[7][2] < 0.5 * found[0][2]
