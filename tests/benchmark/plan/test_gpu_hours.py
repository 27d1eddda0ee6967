"""Hours on GPUs before any run: by hand for small grids, and in the plans that people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.plan.gpu_hours import (
    EFFICIENCY,
    LAUNCH,
    PEAKS,
    REST,
    TEXT_PASS,
    Counts,
    Estimate,
    in_bytes,
    in_room,
    in_time,
    phrase,
)
from benchmark.plan.grid import Grid
from benchmark.plan.packs import Pack, packs
from benchmark.plan.towers import towers


def grid(methods: str, datasets: str = "imagenet", seeds: int = 1, shots: int = 16) -> Grid:
    return Grid(methods.split(","), datasets.split(","), [0.5], ["symmetric"], range(1, seeds + 1), [shots],
                ["ViT-B-16/openai"], recipes=["coop[epochs=10]"])  # fmt: skip


def estimate(made: list[Pack], gpu: str, precision: str = "bf16", devices: int = 1) -> Estimate:
    counts = Counts.of(made)
    assert counts is not None
    return counts.on(gpu, precision, devices)


def test_a_prompt_on_many_classes_is_bound_by_arithmetic() -> None:
    own, speed = towers("ViT-B-16/openai"), EFFICIENCY * PEAKS["A100"]["bf16"] * 1e12
    assert own is not None
    found = estimate(packs(grid("coop").runs(), 96), "A100")
    images = 50_000 + 16_000 * 10
    training = 10 * 500 * own.text_flop(1000) / speed
    assert found.encoding == pytest.approx(images * own.image_flop / speed)
    assert found.seconds == pytest.approx(training + found.encoding)
    assert found.disk == pytest.approx(images * 512 * 4)


def test_a_prompt_on_few_classes_is_bound_by_launches_and_further_runs_are_free() -> None:
    one, many = (estimate(packs(grid("coop", "eurosat", seeds).runs(), 96), "H100") for seeds in (1, 3))
    assert one.seconds - one.encoding == pytest.approx(10 * 5 * LAUNCH * (REST + TEXT_PASS))
    assert many.seconds - many.encoding == pytest.approx(one.seconds - one.encoding)


def test_slower_gpus_and_full_precision_take_longer_and_more_devices_less() -> None:
    made = packs(grid("coop,vpt").runs(), 96)
    hours = [estimate(made, gpu).seconds for gpu in ("A40", "A100", "H100")]
    assert hours == sorted(hours, reverse=True) and len(set(hours)) == 3
    full, half = estimate(made, "A100", "fp32"), estimate(made, "A100", devices=2)
    assert full.seconds > hours[1] > half.seconds


def test_a_dry_run_tells_hours_disk_and_memory_and_the_embedded_clip_s_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--methods=coop", "--seeds=1", "--noise=0", "--dry_run", f"--out={tmp_path}"]
    main(["bench", "--datasets=digits", "--backbone=ViT-B-16/openai", *options])
    out = capsys.readouterr().out
    assert "for one GPU: 21 s on A40" in out and "on H200; feature bank 67 MB" in out
    assert main(["bench", "--datasets=digits", *options]) == 0
    assert "FLOP" not in capsys.readouterr().out
    assert phrase([]) == ""


def test_plan_without_a_record_of_the_backbone_estimates_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["plan", "--methods=coop", "--datasets=eurosat", "--seeds=1-3", "--devices=1,8", f"--out={tmp_path}"]
    assert main([*options, "--backbone=RN50/openai"]) == 0
    out = capsys.readouterr().out
    assert "estimated from FLOP" in out and out.count("H200") == 2 and ", GPU memory " in out
    assert main(options) == 0
    assert re.fullmatch(r"12 runs, about \d+ (s|min) of one CPU core\n", capsys.readouterr().out)
    assert main([*options, "--backbone=hf-hub:a/b"]) == 2
    assert "of hf-hub:a/b, whose cost is known from records only" in capsys.readouterr().err


def test_a_pack_for_which_a_gpu_has_no_room_is_said_to_be_trained_in_parts_there() -> None:
    assert in_room(1e9, 20e9) == "feature bank 1.0 GB, GPU memory 20 GB"
    assert in_room(1e9, 50e9) == "feature bank 1.0 GB, GPU memory 50 GB (packs in parts on A40, A100, H100)"


@pytest.mark.parametrize("name", ["nlprompt", "ptnl", "coop", "grip", "promptsrc", "joapr"])
def test_the_table_of_the_papers_costs_is_what_their_dry_runs_say(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "performance.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `paper {name}`"))
    assert main(["paper", name, "--dry_run", f"--out={tmp_path}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    _, _, runs, a40, a100, h100, bank, memory, _, _ = (cell.strip() for cell in row.split("|"))
    assert f"{runs.replace(',', '')} runs" in said
    assert f"{a40} on A40, {a100} on A100, {h100} on H100, {h100} on H200" in said
    assert f"feature bank {bank}, GPU memory {memory}" in said


def test_the_row_of_maples_own_runs_is_what_a_plan_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "performance.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith("| MaPLe's ten data sets"))
    datasets = "caltech101,pets,cars,flowers,food101,aircraft,sun397,dtd,eurosat,ucf101"
    options = ["--methods=maple", "--recipe=maple", "--noise=0", "--backbone=ViT-B-16/openai", "--devices=1"]
    assert main(["plan", *options, f"--datasets={datasets}", f"--out={tmp_path}"]) == 0
    said = capsys.readouterr().out
    hours = [re.search(rf"{gpu}.* (0\.\d\d) ", said) for gpu in ("A40", "A100", "H100")]
    sizes = [re.search(rf"{what} ([\d.]+) .B", said) for what in ("feature bank", "GPU memory")]
    assert [found and found[1] for found in hours + sizes] == re.findall(r"([\d.]+) (?:h|[GM]B) \|", row)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.001, "1 s"), (1, "1 s"), (119, "119 s"), (121, "2 min"), (7300, "2.0 h")]
)
def test_a_time_is_told_in_the_largest_unit_of_which_there_are_two(seconds: float, words: str) -> None:
    assert in_time(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "under 1 MB"), (67e6, "67 MB"), (1.24e9, "1.2 GB"), (1.08e12, "1,080 GB")]
)
def test_bytes_are_told_in_gb_and_mb(number: float, words: str) -> None:
    assert in_bytes(number) == words
