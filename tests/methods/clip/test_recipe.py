"""The learning-rate schedule, epoch by epoch."""

from __future__ import annotations

from math import cos, pi

import lightning
import pytest
import torch

from datamodules.replica import RunSpec
from methods.clip.recipe import COOP, EMBEDDED, recipe_for
from methods.coop import Method
from methods.core.replicas import ReplicaSGD
from tests.support.toy import data_for, fit, task


@pytest.mark.parametrize("epochs", [50, 200])
def test_the_schedule_is_dassl_s(epochs: int) -> None:
    """A constant warm-up epoch at 1e-5, then the cosine that starts from the full rate."""
    rates = [COOP.lr_at(epoch, epochs, COOP.lr) for epoch in range(epochs)]
    assert rates[0] == 1e-5
    for epoch in range(1, epochs):
        assert rates[epoch] == pytest.approx(0.002 * 0.5 * (1 + cos(pi * (epoch - 1) / epochs)), abs=1e-18)


def test_real_backbones_train_as_coop_does() -> None:
    assert recipe_for("ViT-B-16/openai") == COOP
    assert (COOP.n_ctx, COOP.batch, COOP.momentum, COOP.weight_decay, COOP.epochs) == (16, 32, 0.9, 5e-4, 200)
    assert recipe_for("embedded") == EMBEDDED


def test_the_trainer_steps_with_the_schedule() -> None:
    rates = []

    class Watch(lightning.Callback):
        def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    method = Method(task([1]))
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, callbacks=[Watch()],
    )  # fmt: skip
    trainer.fit(method, data_for([RunSpec(1, 2)]))
    assert rates == pytest.approx([method.lr(epoch) for epoch in range(3)])
    assert rates[0] == 1e-5


def test_replica_sgd_is_torch_s_sgd_row_by_row() -> None:
    start = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    gradients = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    stack = torch.nn.Parameter(start.clone())
    ours = ReplicaSGD([{"params": [stack], "lr": 0.1}], momentum=0.9, weight_decay=0.01)
    for step, gradient in enumerate(gradients):
        stack.grad = gradient.clone()
        ours.param_groups[0]["active"] = torch.tensor([True, step % 2 == 0, False])
        ours.step()
    for row, steps in enumerate((gradients, gradients[::2], gradients[:0])):
        alone = torch.nn.Parameter(start[row].clone())
        theirs = torch.optim.SGD([alone], lr=0.1, momentum=0.9, weight_decay=0.01)
        for gradient in steps:
            alone.grad = gradient[row].clone()
            theirs.step()
        torch.testing.assert_close(stack[row], alone)


def test_a_method_trains_alone_under_a_bare_trainer_as_in_a_pack() -> None:
    alone = Method(task([1]))
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(alone, data_for([RunSpec(1, 2)]))
    fused = fit([Method(task([1]))], data_for([RunSpec(1, 2)]))
    torch.testing.assert_close(alone.ctx, fused.members[0].ctx)
