"""Deep prompts of both towers against plain loops in float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import open_clip
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from datamodules.run_spec import RunSpec
from methods import maple, promptsrc
from methods.core.base import BaseMethod
from tests.reference.clip import PlainRun
from tests.reference.towers import PlainTowers
from tests.support import toy

EPOCHS, SEED = 3, 1
Learned = dict[str, Tensor]
Loss = Callable[[Learned, Tensor, Tensor], Tensor]


def slowly(method: BaseMethod, loss: Loss, after_epoch: Callable[[int, Learned], None] | None = None) -> Learned:
    """What a loop learns whose steps on pixels and labels minimise `loss`."""
    data = toy.data_for([RunSpec(SEED, 4, "symmetric", 0.5)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    learned = {n: p.detach()[0].double().clone().requires_grad_() for n, p in method.named_parameters()}
    recipe = toy.RECIPE
    sgd = torch.optim.SGD(learned.values(), lr=1.0, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    views = PlainRun(SEED, torch.zeros(1, 32), EPOCHS, toy.toy_dataset())
    for epoch in range(EPOCHS):
        views.start_epoch(epoch)
        sgd.param_groups[0]["lr"] = views.optimizer.param_groups[0]["lr"]
        for batch in views.batches(len(images), epoch):
            sgd.zero_grad()
            pixels = views.views([images[i] for i in batch], epoch)
            loss(learned, pixels, torch.tensor([labels[i] for i in batch])).backward()
            sgd.step()
        if after_epoch is not None:
            after_epoch(epoch, learned)
    toy.fit([method], data, EPOCHS)
    return learned


def compare(method: BaseMethod, slow: Learned, start: Learned) -> None:
    for name, value in slow.items():
        ours = method.get_parameter(name).detach()[0]
        assert (ours - start[name]).abs().max() > 1e-4, name
        torch.testing.assert_close(ours, value.detach().float(), atol=1e-4, rtol=0)


def started(method: BaseMethod) -> Learned:
    return {name: parameter.detach()[0].clone() for name, parameter in method.named_parameters()}


@pytest.mark.parametrize(("n_ctx", "fixed", "depth"), [(2, "of a", 9), (4, "", 9), (3, "a", 1)])
def test_maple_computes_the_image_towers_prompts_from_the_text_towers(n_ctx: int, fixed: str, depth: int) -> None:
    method, towers = maple.Method(toy.task([SEED], EPOCHS), n_ctx=n_ctx, depth=depth), PlainTowers()
    assert torch.equal(method.ctx[0], toy.tiny_clip().words("a photo of a")[:n_ctx])
    layers = min(depth, 2)
    assert method.deep_ctx.shape == (1, layers - 1, n_ctx, 32)

    def loss(learned: Learned, pixels: Tensor, labels: Tensor) -> Tensor:
        text = [learned["ctx"], *learned["deep_ctx"]]
        image = [p @ m + b for p, m, b in zip(text, learned["maps"], learned["offsets"], strict=True)]
        features = towers.image_features(pixels, image)
        return F.cross_entropy(towers.logits(features, towers.text_features(text, fixed)), labels)

    start = started(method)
    slow = slowly(method, loss)
    compare(method, {name: value for name, value in slow.items() if value.numel()}, start)


def test_maps_of_all_layers_but_the_first_start_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    method = maple.Method(toy.task([0, 1]))
    monkeypatch.setattr(maple.Method, "text_layers", 4)
    maps = method._like_linear("maps", 32)
    assert maps.shape == (2, 4, 32, 32) and 0.17 < maps.abs().max() <= 32**-0.5
    assert torch.equal(maps[:, 1], maps[:, 2]) and torch.equal(maps[:, 1], maps[:, 3])
    assert not torch.equal(maps[:, 0], maps[:, 1]) and not torch.equal(maps[0], maps[1])


def test_without_words_the_context_is_drawn() -> None:
    methods = [maple.Method(toy.task([0, 1]), **options) for options in ({"init": ""}, {"n_ctx": 5})]
    for method in methods:
        assert not torch.equal(method.ctx[0], method.ctx[1])
        assert float(method.ctx.std()) == pytest.approx(0.02, rel=0.3)


def test_promptsrc_holds_features_and_predictions_near_the_frozen_ones_and_averages_its_prompts() -> None:
    """Cross-entropy, L1 distances of both features, KL from the frozen predictions, and a mean over epochs."""
    options = {"text_weight": 5.0, "image_weight": 3.0, "logits_weight": 2.0, "average_mean": 0.5, "average_std": 0.4}
    method, towers = promptsrc.Method(toy.task([SEED], EPOCHS), **options), PlainTowers()
    encode = towers.model.encode_text
    means = []
    for name in toy.CLASSES:
        texts = [template(name) for template in open_clip.OPENAI_IMAGENET_TEMPLATES[:60]]
        with torch.no_grad():
            means.append(encode(toy.tiny_clip().tokenizer(texts)).mean(0))
    teacher = F.normalize(torch.stack(means), dim=-1)

    def loss(learned: Learned, pixels: Tensor, labels: Tensor) -> Tensor:
        features = towers.image_features(pixels, list(learned["visual_ctx"]))
        weights = towers.text_features([learned["ctx"], *learned["deep_ctx"]], "")
        with torch.no_grad():
            frozen = towers.image_features(pixels, [])
            wanted = towers.logits(frozen, teacher).log_softmax(-1)
        logits = towers.logits(features, weights)
        divergence = F.kl_div(logits.log_softmax(-1), wanted, reduction="sum", log_target=True) / logits.numel()
        distances = 5 * F.l1_loss(weights, teacher) + 3 * F.l1_loss(features, frozen)
        return F.cross_entropy(logits, labels) + distances + 2 * divergence

    shares = [math.exp(-0.5 * ((e / EPOCHS - 0.5) / 0.4) ** 2) for e in range(1, EPOCHS + 1)]
    means_of_epochs: Learned = {}

    def after_epoch(epoch: int, learned: Learned) -> None:
        for name, value in learned.items():
            share = shares[epoch] / sum(shares) * value.detach()
            means_of_epochs[name] = means_of_epochs.get(name, 0) + share

    start = started(method)
    last = slowly(method, loss, after_epoch)
    compare(method, means_of_epochs, start)
    assert (last["ctx"] - means_of_epochs["ctx"]).abs().max() > 1e-3
