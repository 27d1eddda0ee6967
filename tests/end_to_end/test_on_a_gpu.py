"""Every method under every paradigm runs on a pretend GPU, with the CPU's results and few waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIP
from PIL import Image
from safetensors.torch import save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmark.plan.catalog import methods
from benchmark.plan.grid import Grid, Run
from benchmark.run.resources import Resources
from benchmark.run.training import Result, train
from tests.support.pretend_gpu import PretendGPU
from tests.support.pretend_training import Cost, Row, table, trainer

CLASSES = ("red cat", "green dog", "blue bird", "ox", "grey mouse", "lion")
SELF_TRAINING = ("fpl", "ifpl", "grip")
#: The most waits of a training step, by method or modality; 0 for all others.
STEP_WAITS = {"fpl": 7, "ifpl": 7, "grip": 7, "joapr": 3, "visual": 8}
#: The most waits of an epoch of two runs apart from its steps, by method; those that train on features alone have 18.
EPOCH_WAITS = {
    "nlprompt": 60,
    "tecoprompt": 60,
    "joapr": 50,
    "upl": 40,
    "fpl": 80,
    "ifpl": 80,
    "grip": 80,
    "visual": 26,
}


def cases() -> list[Any]:
    """(method, paradigm) of all that are found; self-training in each modality, and where there are rounds, in two."""
    found = []
    for name, info in methods().items():
        kinds = ("text", "visual", "multimodal") if name in SELF_TRAINING else ("",)
        for kind in kinds:
            options = [f"modality={kind}"] * bool(kind) + ["rounds=2"] * ("rounds" in info.options)
            options += ["k=64"] * (name == "upl")  # else one step
            method = f"{name}[{','.join(options)}]" if options else name
            # Other rounds of what `fpl` does in other modalities: the whole catalogue needs minutes.
            marks = [pytest.mark.slow] if kind in ("visual", "multimodal") and name != "fpl" else []
            found += [pytest.param(method, paradigm, marks=marks) for paradigm in info.paradigms]
    return found


@dataclass(frozen=True)
class Outcome:
    """The results of two runs on the CPU and on the pretend GPU, and what the latter cost."""

    cpu: list[Result]
    gpu: list[Result]
    cost: Cost


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


def runs_of(method: str, paradigm: str, dataset: str, backbone: str, seeds: int = 2) -> list[Run]:
    """Runs of a method under a paradigm, two epochs each, with half of the labels wrong."""
    return Grid([method], [dataset], [0.5], ["symmetric"], range(seeds), [22], [backbone], [paradigm], epochs=2).runs()


def train_on_the_gpu(runs: list[Run], resources: Resources, cost: Cost) -> list[Result]:
    """What `benchmark` does with runs on a GPU."""
    gpu = cost.gpu
    with gpu, patch("lightning.Trainer", partial(trainer, gpu, cost)), patch("torch.cuda.get_device_name"):
        return train(runs, resources, str(gpu.device), 1, lambda event: None)


@pytest.fixture(scope="module")
def outcome(pictures: str, backbone: str) -> Iterator[Callable[[str, str], Outcome]]:
    """Trains two runs of a method under a paradigm on both devices, once; prints a table of the costs at the end."""
    resources, rows = Resources(), []

    @cache
    def both(method: str, paradigm: str) -> Outcome:
        runs = runs_of(method, paradigm, pictures, backbone)
        # The device takes attention apart, as this does on the CPU.
        with sdpa_kernel(SDPBackend.MATH):
            cpu = train(runs, resources, "cpu", 1, lambda event: None)
        rows.append(row := Row(method, paradigm, Cost(PretendGPU())))
        found = Outcome(cpu, train_on_the_gpu(runs, resources, row.cost), row.cost)
        row.passed = True
        return found

    yield both
    print(f"\n{table(rows)}")


@pytest.mark.parametrize(("method", "paradigm"), cases())
def test_results_on_a_gpu_are_those_on_the_cpu(
    method: str, paradigm: str, outcome: Callable[[str, str], Outcome]
) -> None:
    found = outcome(method, paradigm)
    assert len(found.gpu) == 2
    for (cpu, learned_cpu), (gpu, learned_gpu) in zip(found.cpu, found.gpu, strict=True):
        assert learned_cpu.keys() == learned_gpu.keys()
        for name, array in learned_cpu.items():
            np.testing.assert_allclose(learned_gpu[name], array, rtol=0, atol=1e-6, err_msg=name)
        for name in ("status", "accuracy", "per_class_accuracy", "noise", "parameters"):
            assert gpu[name] == cpu[name], name
        assert gpu["curves"].keys() == cpu["curves"].keys()
        for name, curve in cpu["curves"].items():
            assert gpu["curves"][name] == pytest.approx(curve, abs=1e-3, nan_ok=True), name


@pytest.mark.parametrize(("method", "paradigm"), cases())
def test_training_waits_for_a_gpu_no_more_often_than_written(
    method: str, paradigm: str, outcome: Callable[[str, str], Outcome]
) -> None:
    name, visual = method.split("[")[0], any(kind in method for kind in ("vpt", "upt", "visual", "multimodal"))
    cost = outcome(method, paradigm).cost
    assert len(cost.steps) >= 2 or name == "zero_shot"
    assert cost.waits_per_step <= STEP_WAITS.get(name, 0) + STEP_WAITS["visual"] * visual, cost.sites()
    assert cost.waits_per_epoch <= EPOCH_WAITS.get(name, 18) + EPOCH_WAITS["visual"] * visual, cost.sites()
    if not visual and name != "tenc_ft":
        assert cost.launches_per_step < 400


def test_more_runs_start_no_more_kernels(pictures: str, backbone: str) -> None:
    costs = [Cost(PretendGPU()), Cost(PretendGPU())]
    for cost, seeds in zip(costs, (2, 5), strict=True):
        train_on_the_gpu(runs_of("coop", "fewshot", pictures, backbone, seeds), Resources(), cost)
    assert costs[0].launches == costs[1].launches and costs[0].launches_per_step > 100
