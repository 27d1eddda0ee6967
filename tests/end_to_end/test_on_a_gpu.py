"""Every method under every paradigm runs on a pretend GPU, with the CPU's results and few waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIP
from PIL import Image
from safetensors.torch import save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.plan.method_catalog import methods
from benchmark.plan.method_spec import parse_method
from benchmark.run.resources import Resources
from benchmark.run.training import Result, train
from datamodules import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.paradigms import PARADIGMS
from datamodules.run_spec import RunSpec
from methods import coop
from tests.support import toy
from tests.support.pretend_gpu import PretendGPU
from tests.support.pretend_training import Cost, Row, table, trainer

CLASSES = ("red cat", "green dog", "blue bird", "ox", "grey mouse", "lion")
#: The most waits of an epoch of two runs apart from its steps, by method; others have 4, for any number of runs.
EPOCH_WAITS = {"deft": 6, "upl": 7, "em_means": 8, "clipcleaner": 11, "joapr": 12, "nlprompt": 14, "tecoprompt": 14}
EPOCH_WAITS |= dict.fromkeys(("fpl", "ifpl", "grip", "cpl", "cap"), 36)  # 20 without pictures that a round encodes anew
#: The same for what looks at pictures, where that is more.
PICTURE_EPOCH_WAITS = 10
#: How far from the CPU's a method's parameters may end: attention is computed otherwise, whose sums round otherwise.
#: After training that is 1.1e-6 to 1.9e-6, depending on threads and instruction set (2 and 1, AVX2 and AVX-512).
ROUNDING = 4e-6
#: ProGrad divides by the length of a gradient that starts near 0.
TOLERANCE = {"prograd": 1e-4}


def variants() -> dict[str, tuple[str, ...]]:
    """All methods that are found, with options that change what runs, and the paradigms they are made for."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("coop[csc=true]", "coop[position=middle]", "linear_probe[init=random]", "tip_adapter[finetune=true]"),
        ("fewshot",),
    )
    for name, info in methods().items():
        kinds = get_args(info.options["modality"].kind) if "modality" in info.options else ("",)
        for kind in kinds:
            options = [f"modality={kind}"] * bool(kind) + ["rounds=2"] * ("rounds" in info.options)
            options += ["dropout=0"] * ("dropout" in info.options)  # a device draws numbers of its own
            options += ["k=64"] * (name == "upl")  # else one step
            found[f"{name}[{','.join(options)}]" if options else name] = info.paradigms
    return found


def looks_at_pictures(method: str) -> bool:
    info, values = parse_method(method)
    return info.inputs == "images" or values.get("modality", "text") != "text"


def is_plain(method: str) -> bool:
    """Whether a method fits into a pack of many: one round, on features, no waits or tolerance of its own."""
    info, values = parse_method(method)
    own = info.name in EPOCH_WAITS or info.name in TOLERANCE
    return info.rounds(values) == 1 and not looks_at_pictures(method) and not own


def epoch_waits(method: str) -> int:
    """The most waits of an epoch of two runs apart from its steps."""
    return EPOCH_WAITS.get(parse_method(method)[0].name, PICTURE_EPOCH_WAITS if looks_at_pictures(method) else 4)


def cases() -> list[Any]:
    """(methods, paradigm): plain methods in one pack and one by one, all others one by one.

    The whole catalogue needs minutes: what is no plain method is fast under its first paradigm alone, `fpl`, which
    stands for those with rounds, under all.
    """
    found = []
    for paradigm in PARADIGMS:
        suited = [method for method, paradigms in variants().items() if paradigm in paradigms]
        plain = tuple(method for method in suited if is_plain(method))
        found += [pytest.param(plain, paradigm, id=f"plain-{paradigm}")] if plain else []
        for method in suited:
            info, _ = parse_method(method)
            first = paradigm == next(one for one in PARADIGMS if one in variants()[method])
            long = not first or (looks_at_pictures(method) and info.rounds({}) > 1)
            again = is_plain(method) or (long and info.name != "fpl")
            marks = [pytest.mark.slow] if again else []
            found.append(pytest.param((method,), paradigm, id=f"{method}-{paradigm}", marks=marks))
    return found


@dataclass(frozen=True)
class Outcome:
    """The results of two runs on the CPU and on the pretend GPU, and what the latter cost."""

    cpu: list[Result]
    gpu: list[Result]
    cost: Cost


Train = Callable[..., Outcome]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data set of six classes, each of one colour with noise: 28 training and 4 test pictures a class."""
    folder, noise = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for part, count in (("train", 28), ("test", 4)):
        for number, name in enumerate(CLASSES):
            (folder / part / name).mkdir(parents=True)
            colour = np.random.default_rng(number).integers(0, 255, 3)
            for picture in range(count):
                pixels = np.clip(colour + noise.normal(0, 60, (16, 16, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{picture}.png")
    return f"folder:{folder}"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A CLIP of two random layers a tower, on disk."""
    folder = tmp_path_factory.mktemp("clip")
    vision = {"image_size": 16, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16}
    text = {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CLIP(24, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text))
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    prep = {"size": 16, "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": prep}))
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()}, folder / "open_clip_model.safetensors"
    )
    return f"local-dir:{folder}"


def runs_of(
    names: Sequence[str], paradigm: str, dataset: str, backbone: str, seeds: int = 2, recipe: str = "coop"
) -> list[Run]:
    """Runs of methods under a paradigm, two epochs each, with half of the labels wrong."""
    axes = ([dataset], [0.5], ["symmetric"], range(seeds), [22], [backbone], [paradigm], [recipe])
    return Grid(names, *axes, epochs=2).runs()


def train_on_the_gpu(runs: list[Run], resources: Resources, cost: Cost) -> list[Result]:
    """What `benchmark` does with runs on a GPU."""
    gpu = cost.gpu
    with gpu, patch("lightning.Trainer", partial(trainer, gpu, cost)):
        return train(runs, resources, str(gpu.device), 1, lambda event: None)


@pytest.fixture(scope="module")
def outcome(pictures: str, backbone: str) -> Iterator[Train]:
    """Trains two runs of a method under a paradigm on both devices, once; prints a table of the costs at the end."""
    resources, rows = Resources(), []

    @cache
    def both(names: tuple[str, ...], paradigm: str, recipe: str = "coop") -> Outcome:
        runs = runs_of(names, paradigm, pictures, backbone, recipe=recipe)
        # The device takes attention apart, as this does on the CPU.
        with sdpa_kernel(SDPBackend.MATH):
            cpu = train(runs, resources, "cpu", 1, lambda event: None)
        rows.append(row := Row(", ".join(names), paradigm, Cost(PretendGPU())))
        found = Outcome(cpu, train_on_the_gpu(runs, resources, row.cost), row.cost)
        row.passed = True
        return found

    yield both
    print(f"\n{table(rows)}")


def check_results(found: Outcome, runs: int, atol: float) -> None:
    """Compares what a GPU gave with what the CPU gave."""
    assert len(found.gpu) == runs
    assert all(fields["device"] == "lazy:0" for fields, *_ in found.gpu)
    for (cpu, learned_cpu, _), (gpu, learned_gpu, _) in zip(found.cpu, found.gpu, strict=True):
        assert learned_cpu.keys() == learned_gpu.keys()
        for name, array in learned_cpu.items():
            np.testing.assert_allclose(learned_gpu[name], array, rtol=0, atol=atol, err_msg=name)
        for name in ("status", "accuracy", "per_class_accuracy", "noise", "parameters"):
            assert gpu[name] == cpu[name], name
        assert gpu["curves"].keys() == cpu["curves"].keys()
        for name, curve in cpu["curves"].items():
            assert gpu["curves"][name] == pytest.approx(curve, abs=1e-3, nan_ok=True), name


@pytest.mark.parametrize(("names", "paradigm"), cases())
def test_results_on_a_gpu_are_those_on_the_cpu(names: tuple[str, ...], paradigm: str, outcome: Train) -> None:
    check_results(outcome(names, paradigm), 2 * len(names), TOLERANCE.get(names[0], ROUNDING))


@pytest.mark.parametrize("method", ["clap", "lp_plus_plus", "prolip", "task_res", "tip_adapter[finetune=true]"])
def test_a_released_recipe_trains_on_a_gpu_as_on_the_cpu_and_never_waits_within_an_epoch(
    method: str, outcome: Train
) -> None:
    found = outcome((method,), "fewshot", "auto[batch=32]")  # several steps an epoch
    check_results(found, 2, ROUNDING)
    assert len(found.cost.steps) >= 2
    assert found.cost.waits_per_step == 0, found.cost.sites()


@pytest.mark.parametrize(("names", "paradigm"), cases())
def test_training_waits_for_a_gpu_no_more_often_than_written(
    names: tuple[str, ...], paradigm: str, outcome: Train
) -> None:
    found = outcome(names, paradigm)
    cost, learns = found.cost, any(fields["parameters"] for fields, *_ in found.gpu)
    # Which classes have labels goes to the device once for each method, in the first epoch.
    epoch = epoch_waits(names[0]) + len(names) * (paradigm == "trzsl")
    # A CLIP of random layers may leave CPL without candidates.
    assert len(cost.steps) >= 2 or not learns or names[0].startswith("cpl")
    assert cost.waits_per_step == 0, cost.sites()
    assert cost.waits_per_epoch <= epoch, cost.sites()


@pytest.mark.parametrize(("method", "atol"), [("coop", 0.03), ("vpt", 2e-4), ("clip_lora[dropout=0]", 3e-4)])
def test_towers_in_half_precision_train_on_a_gpu_near_the_cpu(
    method: str, atol: float, pictures: str, backbone: str
) -> None:
    runs = runs_of([method], "fewshot", pictures, backbone)
    cpu = train(runs, Resources(precision="bf16"), "cpu", 1, lambda event: None)
    costs = {precision: Cost(PretendGPU()) for precision in ("fp32", "bf16")}
    gpu = {name: train_on_the_gpu(runs, Resources(precision=name), cost) for name, cost in costs.items()}
    for (found, learned, _), (_, on_cpu, _), (_, in_full, _) in zip(gpu["bf16"], cpu, gpu["fp32"], strict=True):
        assert (found["status"], found["precision"]) == ("ok", "bf16")
        assert any(not np.array_equal(learned[name], in_full[name]) for name in learned)
        for name, array in learned.items():
            np.testing.assert_allclose(array, on_cpu[name], rtol=0, atol=atol, err_msg=name)
    assert costs["bf16"].waits_per_step == 0, costs["bf16"].sites()
    assert costs["fp32"].launches_per_step < costs["bf16"].launches_per_step  # what is cast is cast by kernels


def test_more_runs_start_no_more_kernels(pictures: str, backbone: str) -> None:
    costs = [Cost(PretendGPU()), Cost(PretendGPU())]
    for cost, seeds in zip(costs, (2, 5), strict=True):
        train_on_the_gpu(runs_of(["coop"], "fewshot", pictures, backbone, seeds), Resources(), cost)
    assert costs[0].launches == costs[1].launches and 100 < costs[0].launches_per_step < 400


def test_a_user_who_trains_on_a_gpu_meets_one_device() -> None:
    dataset = replace(toy.toy_dataset(), val=toy.split(5, 3))
    with PretendGPU() as gpu:
        data = NoisyFewShot(
            dataset,
            [RunSpec(1, 4, "confusion", 0.5)],
            backbone=deepcopy(toy.tiny_clip()),
            sampling=Sampling(batch_size=8),
        )
        method = coop.Method(n_ctx=2)
        own = trainer(
            gpu, Cost(gpu), max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False,
        )  # fmt: skip
        own.fit(method, data)
        own.test(method, data, verbose=False)
        assert method.class_weights().device.type == "cpu"  # a Trainer leaves a method on the CPU
        assert method.to(gpu.device).class_weights().device == gpu.device
        (logits,) = own.predict(method, data) or []
        assert isinstance(logits, torch.Tensor) and logits.shape == (1, 60, 6)
