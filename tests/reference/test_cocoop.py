"""CoCoOp against a plain loop that gives each image its own prompts, one at a time."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from datamodules.run_spec import RunSpec
from methods import cocoop
from methods.errors import MethodError
from tests.reference.clip import PlainRun
from tests.support import toy

EPOCHS, SEED = 3, 1
LAYERS = ("w1", "b1", "w2", "b2")


class PlainCoCoOp(PlainRun):
    """One run of CoCoOp: `layers` are W1 [E, H], b1 [H], W2 [H, D], b2 [D]."""

    def __init__(self, method: cocoop.Method) -> None:
        super().__init__(SEED, method.ctx.detach()[0], EPOCHS, toy.toy_dataset())
        self.base = self.ctx
        self.layers = [getattr(method, name).detach()[0].clone().requires_grad_() for name in LAYERS]
        self.optimizer.add_param_group({"params": self.layers})

    def start_epoch(self, epoch: int) -> None:
        super().start_epoch(epoch)
        self.optimizer.param_groups[1]["lr"] = self.optimizer.param_groups[0]["lr"]

    def logits(self, pixels: Tensor, weights: Tensor | None = None) -> Tensor:
        w1, b1, w2, b2 = self.layers
        rows = []
        for picture in pixels:
            x = F.normalize(self.model.encode_image(picture[None]), dim=-1)[0]
            token = w2.T @ (w1.T @ x + b1).clamp(min=0) + b2
            self.ctx = torch.stack([row + token for row in self.base])
            rows.append(self.model.logit_scale.exp() * self.class_weights() @ x)
        self.ctx = self.base
        return torch.stack(rows)


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_every_image_has_the_classifier_of_its_own_context(at_once: int) -> None:
    """Whatever the number of images that pass at once."""
    data = toy.data_for([RunSpec(SEED, 2, "symmetric", 0.5)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    method = cocoop.Method(toy.task([SEED], EPOCHS))
    method.images_at_once = at_once
    run = PlainCoCoOp(method)
    start = [layer.detach().clone() for layer in run.layers]
    for epoch in range(EPOCHS):
        run.start_epoch(epoch)
        for batch in run.batches(len(images), epoch):
            logits = run.logits(run.views([images[i] for i in batch], epoch))
            run.step(F.cross_entropy(logits, torch.tensor([labels[i] for i in batch])))
    toy.fit([method], data, EPOCHS)
    torch.testing.assert_close(method.ctx.detach()[0], run.base.detach(), atol=1e-4, rtol=0)
    for name, layer, before in zip(LAYERS, run.layers, start, strict=True):
        assert (layer - before).abs().max() > 1e-4
        torch.testing.assert_close(getattr(method, name).detach()[0], layer.detach(), atol=1e-4, rtol=0)
    tested = toy.toy_dataset().test
    with torch.no_grad():
        pixels = torch.stack([toy.tiny_clip().preprocess(tested.images[i]) for i in range(len(tested.labels))])
        predicted = run.logits(pixels).argmax(-1).numpy()
    assert float(method.trainer.lightning_module.accuracy[0]) == pytest.approx((predicted == tested.labels).mean())


def test_contexts_of_classes_are_refused() -> None:
    with pytest.raises(MethodError, match="cocoop gives each image its own context"):
        cocoop.Method(toy.task([SEED]), csc=True)
