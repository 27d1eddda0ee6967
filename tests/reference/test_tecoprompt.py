"""TecoPrompt against figures of the released rule, and against a slow reading of it."""

from __future__ import annotations

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import tecoprompt
from tests.reference import tecoprompt as slow
from tests.reference.clip import PlainRun
from tests.support import toy

SEED = 1
NAMES = ["clean", "middle", "noisy"]
NUMBERS = {"clean": 0, "joined": 0, "middle": 1, "noisy": 2}


class Told(tecoprompt.Method):
    """TecoPrompt whose transport plan gives every image's label, or the class after it, a share of its epoch."""

    shares: tuple[float, ...]
    wrong = False

    def transport(self, given):
        share, classes = self.shares[self.current_epoch], len(self.task.classes)
        plan = torch.full((*given.labels.shape, classes), (1 - share) / (classes - 1), dtype=torch.double)
        aim = (self.data_labels + self.wrong) % classes
        return plan.scatter(-1, aim[..., None], share)

    def start_epoch(self):
        self.data_labels = torch.stack([self.data.training_set(0)[1]])
        super().start_epoch()
        self.seen = [*getattr(self, "seen", []), self.groups[0, self.data.training_set(0)[0]].tolist()]


def told(shares: tuple[float, ...], wrong: bool) -> Told:
    data = toy.data_for([RunSpec(SEED, 4)], len(shares))
    method = Told(toy.task([SEED], len(shares)))
    method.shares, method.wrong = shares, wrong
    toy.fit([method], data, len(shares))
    return method


def test_an_image_whose_label_is_its_candidate_is_clean_while_the_average_share_is_high() -> None:
    """Averages 0.9, 0.82 and 0.756."""
    groups = [{NAMES[group] for group in epoch} for epoch in told((0.9, 0.5, 0.5), wrong=False).seen]
    assert groups == [{"clean"}, {"clean"}, {"middle"}]


@pytest.mark.parametrize(("share", "epoch"), [(0.95, None), (0.995, 8)])
def test_a_label_is_rewritten_at_the_eighth_epoch_of_a_sure_candidate_only(share: float, epoch: int | None) -> None:
    method = told((share,) * 9, wrong=True)
    rewritten = [number for number, groups in enumerate(method.seen, 1) if set(groups) != {NAMES.index("noisy")}]
    assert rewritten[:1] == ([epoch] if epoch else [])
    assert bool((method.current != method.data_labels).any()) == bool(epoch)


@pytest.mark.parametrize(("shots", "some"), [(3, "joined"), (8, "middle")])
def test_tecoprompt_follows_groups_and_rewrites_as_its_slow_reading_does(shots: int, some: str) -> None:
    epochs, window, sure = 5, 3, 0.6
    data = toy.data_for([RunSpec(SEED, shots, "symmetric", 0.5)], epochs)
    places, labels = (part.tolist() for part in data.training_set(0))
    method = tecoprompt.Method(toy.task([SEED], epochs), window=window, sure=sure)
    run = PlainRun(SEED, method.ctx.detach()[0].clone(), epochs, toy.toy_dataset())
    ctx, images, history = slow.train(run, places, labels, window, sure, toy.RECIPE.batch)
    toy.fit([method], data, epochs)
    assert method.groups[0, places].tolist() == [NUMBERS[group] for group in history[-1]]
    assert [image.label for image in images] == method.current[0].tolist() != labels
    assert {group for groups in history for group in groups} >= {"clean", some, "noisy"}
    torch.testing.assert_close(method.ctx.detach()[0], ctx, atol=1e-4, rtol=0)
