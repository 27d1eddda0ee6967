"""Accuracy, calibration and predictions of R runs, from logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.classification import MulticlassCalibrationError

#: Epochs after which methods are tested that rank classes in a costlier way than by class weights.
POINTS = 20


def on_curve(epoch: int, epochs: int) -> bool:
    """Whether `epoch`, from 0, is one of `POINTS` of all `epochs`: the first, the last, and others evenly between.

    >>> [epoch + 1 for epoch in range(100) if on_curve(epoch, 100)][-3:]
    [90, 95, 100]
    """
    return epochs <= POINTS or any(epoch == round(i * (epochs - 1) / (POINTS - 1)) for i in range(POINTS))


class Evaluation:
    """Counts correct predictions per class [R, C] and, if asked to, measures calibration or keeps every prediction."""

    def __init__(self, calibration: bool = False, predictions: bool = False) -> None:
        self.calibration, self.keeps_predictions = calibration, predictions
        self._predicted: list[Tensor] = []
        self._probabilities: list[Tensor] = []
        self._hits: Tensor | None = None
        self._metrics: list[MulticlassCalibrationError] = []

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Adds images with logits [R, B, C] and labels [R or 1, B]; NaN logits count as probabilities of 0.

        Labels of -1 do not count; calibration takes none.
        """
        runs, _, classes = logits.shape
        labels = labels.expand(runs, -1)
        counts = (labels >= 0).float()
        if self._hits is None:
            self._hits = torch.zeros(runs, classes, device=logits.device)
            self._counts = torch.zeros_like(self._hits)
            made = [MulticlassCalibrationError(classes, n_bins=15) for _ in range(runs * self.calibration)]
            self._metrics = [metric.to(logits.device) for metric in made]
        predicted = logits.argmax(-1)
        correct = (predicted == labels).float()
        self._hits.scatter_add_(1, labels.clamp(min=0), correct)
        self._counts.scatter_add_(1, labels.clamp(min=0), counts)
        for row, metric in enumerate(self._metrics):
            metric.update(logits[row].softmax(-1).nan_to_num(0.0), labels[row])
        if self.keeps_predictions:  # one row at a time, as above: R x B x C probabilities are too many
            self._predicted.append(predicted.int())
            self._probabilities.append(torch.stack([own.softmax(-1).amax(-1).nan_to_num(0.0) for own in logits]))

    @property
    def accuracy(self) -> Tensor:
        """Fraction of images that are classified correctly [R], 0 to 1; NaN without images."""
        return torch.full((0,), torch.nan) if self._hits is None else self._hits.sum(1) / self._counts.sum(1)

    @property
    def class_accuracy(self) -> Tensor:
        """The same per class [R, C]; 0 for a class without images."""
        return torch.full((0, 0), torch.nan) if self._hits is None else self._hits / self._counts.clamp(min=1)

    @property
    def calibration_error(self) -> Tensor:
        """Expected calibration error [R] with 15 bins, 0 to 1."""
        return torch.stack([metric.compute() for metric in self._metrics])

    @property
    def predictions(self) -> tuple[Tensor, Tensor]:
        """The class predicted of each image and its probability, 0 to 1, both [R, n] on the host; empty without any."""
        if not self._predicted:
            return torch.empty(0, 0, dtype=torch.int32), torch.empty(0, 0)
        return torch.cat(self._predicted, dim=1).cpu(), torch.cat(self._probabilities, dim=1).cpu()
