"""Classes without labels are out of the softmax while plain methods train."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch

from benchmark.plan import method_catalog
from datamodules.datamodule import NoisyFewShot
from datamodules.run_spec import RunSpec
from methods.core.base import BaseMethod
from tests.support import toy

SEEDS = (3, 4)
#: They have no softmax, or train on pseudo-labels of the other classes.
OTHERS = ("zero_shot", "fixed_prompt", "fpl", "cap")
PLAIN = [
    name
    for name, info in method_catalog.methods().items()
    if "trzsl" in info.paradigms and "rounds" not in info.options and name not in OTHERS
]


def trained(name: str, rate: float = 0.5) -> tuple[BaseMethod, NoisyFewShot]:
    data = toy.data_for([RunSpec(seed, 4, "symmetric", rate, "trzsl") for seed in SEEDS], 1)
    method: BaseMethod = import_module(f"methods.{name}").Method(toy.task(SEEDS, 1))
    toy.fit([method], data, 1)
    return method, data


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_method_tells_only_labelled_classes_apart_while_it_trains(name: str) -> None:
    """A step's loss is that of a problem which has the seen classes only, and no gradient reaches other logits."""
    method, data = trained(name)
    batch = data.batch(0)
    loss = method.total_loss(batch, method.class_weights())
    assert method.recorded_step is not None
    logits, each = method.recorded_step
    loss.sum().backward()
    for row in range(len(SEEDS)):
        seen = sorted(set(data.dataset.train.labels[data.given[row].images].tolist()))
        unseen = [c for c in range(len(toy.CLASSES)) if c not in seen]
        assert len(seen) == len(unseen) == 3
        assert logits.grad is not None and logits.grad[row, :, unseen].abs().max() == 0
        assert logits.grad[row, :, seen].abs().max() > 0
        assert set(batch.labels[row].tolist()) <= set(seen)
        shown = logits[row : row + 1, :, seen].detach()
        numbers = torch.tensor([[seen.index(label) for label in batch.labels[row].tolist()]])
        if not hasattr(method, "groups"):
            torch.testing.assert_close(each[row], method.loss(shown, numbers)[0])
    assert method.trainer.lightning_module.class_accuracy.shape == (2, 6)


def test_the_list_of_plain_methods_is_not_empty() -> None:
    assert {"coop", "vpt", "upt", "gce", "dspt", "nlprompt", "label_smoothing", "nce_rce"} <= set(PLAIN)
