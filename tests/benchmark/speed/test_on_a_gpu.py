"""What the speed benchmark does on a GPU alone, entered on the CPU: `cpu:0` is a device that is not called `cpu`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from benchmark.speed import paper_grid, text_pass
from benchmark.speed.cases import Settings
from benchmark.speed.clock import race, timed
from benchmark.speed.peak import matmul_peak, peak_bytes
from datamodules.catalog import size
from methods.clip.loading import load_backbone

DEVICE = "cpu:0"


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the calls that only a GPU answers; its allocator holds 5,000 bytes, and 8,000 at most."""
    calls: list[str] = []
    answers = {"synchronize": None, "reset_peak_memory_stats": None}
    answers |= {"memory_allocated": 5000, "max_memory_allocated": 8000}  # type: ignore[dict-item]
    for name, answer in answers.items():
        monkeypatch.setattr(
            f"torch.cuda.{name}", lambda device, name=name, answer=answer: calls.append(f"{name} {device}") or answer
        )
    matmul_peak.cache_clear()
    yield calls
    matmul_peak.cache_clear()


def test_time_is_taken_between_two_waits_for_the_gpu(gpu: list[str]) -> None:
    assert timed(lambda: gpu.append("work"), DEVICE) >= 0
    assert gpu == [f"synchronize {DEVICE}", "work", f"synchronize {DEVICE}"]
    assert race({"one": lambda: None, "two": lambda: None}, 2, DEVICE).median("two") >= 0


def test_memory_is_what_the_allocator_held_beyond_what_it_holds(gpu: list[str]) -> None:
    assert peak_bytes(lambda: gpu.append("work"), DEVICE) == 3000
    names = [call.split()[0] for call in gpu]
    assert names.index("reset_peak_memory_stats") < names.index("work") < names.index("max_memory_allocated")


def test_the_peak_is_that_of_a_product_in_the_towers_precision() -> None:
    assert Settings(DEVICE).dtype == torch.bfloat16
    assert matmul_peak(DEVICE, torch.bfloat16, 64) > 0


def test_a_row_has_a_share_of_the_gpu_s_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.speed.cases.matmul_peak", lambda device, dtype: 1e12)
    monkeypatch.setattr(text_pass, "SHORT", {"embedded": "embedded"})
    monkeypatch.setattr(text_pass, "load_backbone", lambda name, device: load_backbone("embedded", device))
    (row,) = text_pass.peak(Settings(DEVICE, quick=True))
    assert (row.device, row.classes, row.runs, row.suite_mib) == (DEVICE, 100, 9, 3000 / 2**20)
    assert row.share == pytest.approx(1e9 * row.suite_gflop / row.suite_s / 1e12)  # type: ignore[operator]


def test_the_campaign_of_the_papers_is_predicted_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, str]] = []

    def load(name: str, device: str) -> object:
        loaded.append((name, device))
        return load_backbone("embedded", device)

    monkeypatch.setattr(paper_grid, "load_backbone", load)
    monkeypatch.setattr(paper_grid, "PAPERS", ("eurosat",))
    monkeypatch.setattr(paper_grid, "RUNS", 2)
    (row,) = paper_grid.campaign(Settings(DEVICE, rounds=1))
    assert loaded == [("ViT-B-16/random", DEVICE)]
    assert row.runs == 2 and row.device == DEVICE and row.suite_s is not None and row.suite_s > 0
    assert size("eurosat") == (10, 8100)


def test_the_largest_pack_is_found_by_the_gpu_s_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (0, 0))
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda device: 5000)
    monkeypatch.setattr(paper_grid, "race", lambda work, rounds, device: pytest.fail("not timed here"))
    monkeypatch.setattr(paper_grid, "RUNS", 8)
    sizes: list[int] = []

    def of(backbone: object, classes: int, runs: int) -> object:
        sizes.append(runs)
        return original(backbone, classes, runs)  # type: ignore[arg-type]

    original = paper_grid.PackStep.of
    monkeypatch.setattr(paper_grid.PackStep, "of", of)
    with pytest.raises(pytest.fail.Exception, match="not timed here"):
        paper_grid.step(load_backbone("embedded"), 3, Settings("cuda:0"))
    assert sizes == [8, 4, 2, 1]


def test_the_cases_of_a_gpu_are_left_out_on_a_cpu() -> None:
    assert not list(paper_grid.campaign(Settings("cpu"))) and not list(text_pass.peak(Settings("cpu")))
