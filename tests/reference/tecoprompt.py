"""TecoPrompt, one image after the other, with whole histories in place of streaks and averages (2609.16858)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from datamodules.seeds import rng
from tests.reference.clip import PlainRun, in_batches
from tests.reference.nlprompt import plan


@dataclass
class Image:
    """A training image: its label, and the largest share and the candidate of every epoch so far."""

    label: int
    shares: list[float] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)

    def average(self) -> float:
        value = self.shares[0]
        for share in self.shares[1:]:
            value = 0.8 * value + 0.2 * share
        return value

    def stable(self, window: int, sure: float) -> bool:
        last = list(zip(self.shares, self.candidates, strict=True))[-window:]
        return len(last) == window and len({c for _, c in last}) == 1 and min(share for share, _ in last) >= sure

    def group(self, window: int, sure: float) -> str:
        agrees = self.label == self.candidates[-1]
        if agrees and self.average() >= 0.8:
            return "clean"
        if (agrees and self.average() >= 0.2) or self.stable(window, sure):
            return "middle"
        return "noisy"


def before_epoch(images: list[Image], window: int, sure: float, batch: int) -> tuple[list[str], list[int]]:
    """Groups and labels of an epoch, "joined" for few middle images among clean ones; what is rewritten stays so."""
    groups, labels = [image.group(window, sure) for image in images], [image.label for image in images]
    middle = [image for image, group in zip(images, groups, strict=True) if group == "middle"]
    rewritten = [image for image in middle if image.label != image.candidates[-1]]
    if len(rewritten) > 1:
        for image in rewritten:
            image.label = image.candidates[-1]
    if len(middle) < batch:
        return ["joined" if group == "middle" else group for group in groups], labels
    return groups, [image.label for image in images]


def train(
    run: PlainRun, places: list[int], labels: list[int], window: int, sure: float, batch: int
) -> tuple[Tensor, list[Image], list[list[str]]]:
    """The context after `run.epochs` epochs, the images, and the groups of every epoch."""
    images, history = [Image(label) for label in labels], []
    for epoch in range(run.epochs):
        run.start_epoch(epoch)
        with torch.no_grad():
            p = run.logits(run.plain(places)).softmax(-1)
        for image, row in zip(images, plan((-p.softmax(-1).log()).tolist()), strict=True):
            image.shares.append(float(row.max() / row.sum()))
            image.candidates.append(int(row.argmax()))
        groups, told = before_epoch(images, window, sure, batch)
        history.append(groups)
        generator = rng(run.seed, "order", epoch)
        for wanted in (["clean", "joined"], ["middle"], ["noisy"]):
            for rows in in_batches(generator, [i for i, group in enumerate(groups) if group in wanted]):
                p = run.logits(run.views([places[i] for i in rows], epoch)).softmax(-1)
                p_y = torch.stack([row[told[i]] for row, i in zip(p, rows, strict=True)])
                run.step((1 - p_y if wanted == ["noisy"] else -p_y.log()).mean())
    return run.ctx.detach(), images, history
