"""Testing replicas: predictions, accuracy, calibration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor
from torchmetrics.classification import MulticlassCalibrationError
from torchmetrics.functional.classification import multiclass_accuracy

if TYPE_CHECKING:
    from methods.core.base import BaseMethod
    from methods.core.data import TestImages
    from methods.core.task import Prompt


class EvaluatedModule(lightning.LightningModule):
    """Tests the replicas of its members side by side.

    After `fit`, `curves` holds one tensor [R] per epoch and name; after `test`, `accuracy` [R], `class_accuracy`
    [R, C] and `calibration_error` [R] are shares, 0 to 1.
    """

    members: Sequence[BaseMethod]

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[str, list[Tensor]] = defaultdict(list)
        self._predictions: list[Tensor] = []
        self._targets: list[Tensor] = []

    @property
    def replicas(self) -> int:
        """R over all members."""
        return sum(len(member.task.seeds) for member in self.members)

    def on_validation_epoch_start(self) -> None:
        """Encodes every replica's prompts once for the whole evaluation."""
        self._weights = [weights.detach() for weights in class_weights(self.members)]
        self._predictions.clear()
        self._targets.clear()

    def on_test_epoch_start(self) -> None:
        """As for validation, with fresh calibration metrics."""
        self.on_validation_epoch_start()
        classes = self._weights[0].shape[1]
        self._calibration = [
            MulticlassCalibrationError(classes, n_bins=15).to(self.device) for _ in range(self.replicas)
        ]

    def validation_step(self, batch: TestImages, batch_idx: int) -> None:
        """Remembers the predictions [R, B], but for methods that would have to encode every image."""
        self._predict(batch, [not member.sees_images for member in self.members])

    def test_step(self, batch: TestImages, batch_idx: int) -> None:
        """Remembers all predictions and fills the calibration metrics; NaN counts as certainty of nothing."""
        logits = self._predict(batch, [True] * len(self.members))
        for metric, row in zip(self._calibration, logits, strict=True):
            metric.update(row.softmax(-1).nan_to_num(0.0), batch.labels)

    @torch.no_grad()
    def _predict(self, batch: TestImages, wanted: Sequence[bool]) -> Tensor:
        """Logits [R, B, C], NaN for members that are not wanted."""
        parts = []
        for member, weights, really in zip(self.members, self._weights, wanted, strict=True):
            if really:
                parts.append(member.logits(member.image_features(batch), weights))
            else:
                parts.append(weights.new_full((len(weights), len(batch.labels), weights.shape[1]), torch.nan))
        logits = torch.cat(parts)
        self._predictions.append(logits.argmax(-1))
        self._targets.append(batch.labels)
        return logits

    def on_validation_epoch_end(self) -> None:
        """Adds the epoch's test accuracy of every replica [R] to the curves, NaN where it was not measured."""
        accuracy = self._accuracy("micro").cpu()
        for member in self.members:
            if member.sees_images:
                accuracy[member.rows] = torch.nan
        self.curves["test_accuracy"].append(accuracy)

    def on_test_epoch_end(self) -> None:
        """Computes the headline numbers."""
        self.accuracy = self._accuracy("micro").cpu()
        self.class_accuracy = self._accuracy("none").cpu()
        self.calibration_error = torch.stack([metric.compute() for metric in self._calibration]).cpu()

    def _accuracy(self, average: Any) -> Tensor:
        """Accuracy [R], or [R, C] without averaging: torchmetrics takes the replicas for samples."""
        predictions, targets = torch.cat(self._predictions, dim=1), torch.cat(self._targets)
        return multiclass_accuracy(
            predictions,
            targets.expand_as(predictions),
            num_classes=self._weights[0].shape[1],
            average=average,
            multidim_average="samplewise",
        )


def class_weights(members: Sequence[BaseMethod]) -> list[Tensor]:
    """Every member's class weights [R, C, E], with one pass of the text tower for all prompts that look alike."""
    alike: dict[Any, dict[int, Prompt]] = defaultdict(dict)
    weights: dict[int, Tensor] = {}
    for i, member in enumerate(members):
        prompt = member.prompt()
        if prompt is None:
            weights[i] = member.class_weights()
        else:
            alike[prompt.kind][i] = prompt
    for prompts in alike.values():
        contexts = [prompt.ctx for prompt in prompts.values()]
        encoded = next(iter(prompts.values())).encode(torch.cat(contexts))
        weights.update(zip(prompts, encoded.split([len(ctx) for ctx in contexts]), strict=True))
    return [weights[i] for i in range(len(members))]
