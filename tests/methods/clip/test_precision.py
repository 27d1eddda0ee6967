"""Frozen towers in bfloat16: every kind of backbone, every method, and how far the results move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import torch

from benchmark.__main__ import main
from benchmark.plan import method_catalog
from benchmark.records.store import Store
from datamodules import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.run_spec import RunSpec
from methods.clip.backbone import Backbone
from methods.clip.loading import choose_precision, load_backbone
from methods.core.base import BaseMethod
from methods.errors import BackboneError, UnsupportedError
from tests.support import toy
from tests.support.small_backbones import KINDS, small_backbone

METHODS = list(method_catalog.methods())
NAMES = ("cat", "golden retriever", "stop sign post")
SHORT = {"rounds": 1, "warmup": 1, "window": 1}


@cache
def loaded(kind: str, precision: str) -> Backbone:
    return load_backbone(small_backbone(kind), precision=precision)


@pytest.mark.parametrize("kind", KINDS)
def test_matrices_are_bfloat16_and_all_that_comes_out_is_float32(kind: str) -> None:
    low, full = loaded(kind, "bf16"), loaded(kind, "fp32")
    kinds: dict[torch.dtype, set[int]] = defaultdict(set)
    for parameter in low.parameters():
        kinds[parameter.dtype].add(parameter.ndim)
    assert set(kinds) == {torch.float32, torch.bfloat16} and 2 in kinds[torch.bfloat16]
    assert low.scale == full.scale and low.identity != full.identity
    pixels = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert low.encode_images(pixels).dtype == low.encode_text(NAMES).dtype == torch.float32
    assert (low.encode_images(pixels) * full.encode_images(pixels)).sum(-1).min() > 0.999
    assert (low.encode_text(NAMES) * full.encode_text(NAMES)).sum(-1).min() > 0.999


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", ["end", "middle"])
def test_prompts_and_their_gradients_are_close_to_those_in_float32(kind: str, position: str) -> None:
    found = {}
    for precision in ("fp32", "bf16"):
        backbone = loaded(kind, precision)
        ctx = (0.1 * torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(0))).requires_grad_()
        features = backbone.encode_prompts(ctx, backbone.layout(NAMES, 4, position))
        weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
        (gradient,) = torch.autograd.grad((features * weights).sum(), ctx)
        assert features.dtype == gradient.dtype == torch.float32
        found[precision] = features.detach(), gradient
    (plain, plain_gradient), (low, low_gradient) = found["fp32"], found["bf16"]
    assert (plain * low).sum(-1).min() > 0.999
    assert torch.cosine_similarity(plain_gradient.flatten(), low_gradient.flatten(), dim=0) > 0.99


NEED_A_VIT = ["clip_lora", "maple", "promptsrc", "upt", "vpt"]


def every_method_runs(kind: str, names: Sequence[str]) -> None:
    backbone, unsupported = loaded(kind, "bf16"), []
    for name in names:
        info = method_catalog.method(name)
        options = {key: value for key, value in SHORT.items() if key in info.options}
        paradigm = "ul" if "fewshot" not in info.paradigms else "fewshot"
        data = NoisyFewShot(
            toy.toy_dataset(),
            [RunSpec(0, 4, "symmetric", 0.5, paradigm)],
            backbone=backbone,
            sampling=Sampling(batch_size=8),
        )
        method: BaseMethod = import_module(info.module).Method(**options)
        try:
            toy.fit_alone(method, data, 2)
        except UnsupportedError:
            unsupported.append(name)
            continue
        assert all(parameter.dtype == torch.float32 for parameter in method.parameters()), name
        assert all(parameter.isfinite().all() for parameter in method.parameters()), name
        assert 0 <= float(method.accuracy) <= 1, name
    assert unsupported == ([] if kind.startswith("vit") else NEED_A_VIT)


def test_every_method_runs_on_a_vit_in_bfloat16() -> None:
    every_method_runs("vit", METHODS)


@pytest.mark.parametrize("kind", list(KINDS)[1:])
def test_a_prompt_of_each_tower_and_a_head_run_on_other_kinds_in_bfloat16(kind: str) -> None:
    every_method_runs(kind, sorted([*NEED_A_VIT, "cocoop", "coop", "linear_probe", "upl"]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS)[1:])
def test_every_method_runs_on_other_kinds_in_bfloat16(kind: str) -> None:
    every_method_runs(kind, METHODS)


def test_auto_is_bfloat16_on_a_gpu_alone_and_other_words_are_refused() -> None:
    assert choose_precision("auto", torch.device("cuda:1")) == "bf16"
    assert choose_precision("auto", torch.device("cpu")) == "fp32"
    assert choose_precision("fp32", torch.device("cuda:1")) == "fp32"
    with pytest.raises(BackboneError, match="unknown precision 'bf17': did you mean 'bf16'"):
        choose_precision("bf17", torch.device("cpu"))


@pytest.mark.slow
def test_the_default_grid_in_bfloat16_is_within_a_point_of_float32_in_every_mean(tmp_path: Path) -> None:
    """Ten seeds, since single runs of `coop` on `digits` move by up to four points under any rounding."""
    means: dict[str, dict[str, list[float]]] = {}
    seeds = ",".join(map(str, range(1, 11)))
    options = ["--datasets=flipped,digits", "--methods=coop,gce,dspt,ce", "--noise=0,0.5", f"--seeds={seeds}"]
    for precision in ("fp32", "bf16"):
        out = tmp_path / precision
        assert main(["bench", *options, f"--precision={precision}", f"--out={out}"]) == 0
        cells: dict[str, list[float]] = defaultdict(list)
        for record in Store(out).load().records:
            assert record.precision == precision
            cells[f"{record.run.dataset} {record.run.method} {record.run.rate}"].append(record.accuracy)
        means[precision] = cells
    gaps = {
        cell: sum(means["bf16"][cell]) / len(values) - sum(values) / len(values)
        for cell, values in means["fp32"].items()
    }
    assert len(gaps) == 16 and max(map(abs, gaps.values())) < 1, gaps
    assert sum(abs(gap) < 0.3 for gap in gaps.values()) > len(gaps) / 2, gaps
