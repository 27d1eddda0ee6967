"""The LightningModule around R runs: training, evaluation, curves, checkpoints of one or several methods' runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from datamodules.batches import Batch, EvaluationImages
from datamodules.datamodule import NoisyFewShot
from methods.clip.prompt import encode_together
from methods.core.diagnostics import Step, prediction_changes, predictions, side_by_side, step_statistics, summary
from methods.core.evaluation import Evaluation, on_curve
from methods.core.optimizer import PerRunOptimizer
from methods.core.overrides import check_reached
from methods.core.per_run import clip_norm_per_row, scaled_products
from methods.core.setup import about, connect, data_of, task_of
from methods.errors import MethodError

if TYPE_CHECKING:
    from methods.core.base import BaseMethod


class RunsModule(lightning.LightningModule):
    """Trains and tests the runs of its members side by side; each is exactly the run that would train alone.

    After `fit`, `curves` holds one tensor [R] per epoch and name: the loss, what `diagnostics.summary` measures,
    `prediction_changes` (the fraction of training images predicted otherwise than in the epoch before), and the
    test and noisy validation accuracies where the data module has `test_curve` and `noisy_val`; of methods that more
    than class weights classify, and on files of features, at 20 epochs at most (`evaluation.on_curve`), NaN elsewhere.
    After `test`, `accuracy`, `class_accuracy` and `calibration_error` are there, `evaluated_weights` with each member's
    class weights [R, C, E], and where `keep_predictions` is set, `test_predictions` and `train_predictions` with the
    class predicted of every test and every given training image and its probability.
    Logged, as means over runs: `train_loss`, `val_accuracy`, `test_accuracy` (0 to 1).
    """

    members: Sequence[BaseMethod]
    keep_predictions = False

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[str, list[Tensor]] = defaultdict(list)
        self._losses: list[Tensor] = []
        self._steps: list[Step] = []
        self._predicted: tuple[Tensor, Tensor] | None = None
        self._measured: dict[str, Tensor] = {}

    @property
    def run_count(self) -> int:
        """R over all members."""
        return sum(len(member.task.seeds) for member in self.members)

    def setup(self, stage: str) -> None:
        """Builds what is not built yet from the data module, checks what is, and starts new curves."""
        connect(self.members, self.trainer, stage)
        if stage == "fit":
            self.curves.clear()
            self._predicted, self._measured = None, {}
            for member in self.members:
                member.broken.clear()

    def on_fit_start(self) -> None:
        """Ends training before it starts where nothing is learned."""
        if not any(member.trainable for member in self.members):
            self.trainer.should_stop = True

    def on_train_epoch_start(self) -> None:
        """Starts every member's epoch."""
        for member in self.members:
            member.start_epoch()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """The sum over runs of each one's loss, so that no gradient crosses from one to another."""
        learners = [member for member in self.members if member.trainable]
        if not learners:
            return None
        self._batch, row = batch, torch.full((self.run_count,), torch.nan, device=batch.features.device)
        losses = []
        for member, weights in zip(learners, class_weights(learners), strict=True):
            losses.append(member.total_loss(batch.rows(member.rows), weights))
            if not losses[-1].requires_grad:
                raise MethodError(f"{member.name} learns nothing: its loss depends on none of its parameters")
            row[member.rows] = torch.where(batch.active[member.rows], losses[-1].detach(), torch.nan)
        optimizer: Any = self.optimizers()
        everyone = bool(data_of(self.trainer).plan.active[batch.step].all())  # on the host
        groups = iter(optimizer.param_groups)
        for member, own in zip(learners, self._groups, strict=True):
            active, rates = None if everyone else batch.active[member.rows], member.rates(batch.step)
            for rate in rates if isinstance(rates, list) else [rates] * own:
                next(groups).update(active=active, rates=rate)
        self._losses.append(row)
        return torch.cat(losses).sum()

    def on_after_backward(self) -> None:
        """Measures the step, and looks at the first one's gradients."""
        if not self.curves and not self._steps:
            for member in self.members:
                check_reached(member)
        steps = []
        for member in self.members:
            steps.append(step_statistics(*member.recorded_step, self._batch.rows(member.rows)))
            member.recorded_step = None, None
        self._steps.append(side_by_side(steps))

    def configure_optimizers(self) -> Any:
        """One optimiser with every method's parameter groups, each with its own settings and schedule."""
        learners = [member for member in self.members if member.trainable]
        groups = [list(member.parameter_groups()) for member in learners]
        self._groups = [len(own) for own in groups]
        if not learners:
            return None
        optimizer = PerRunOptimizer([{"lr": 1.0, **group} for own in groups for group in own])
        rates: list[Any] = [member.lr for member, own in zip(learners, groups, strict=True) for _ in own]
        return [optimizer], [LambdaLR(optimizer, rates)]

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: Any = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clips the gradient norm of every run by itself; values are clipped one by one anyway."""
        if gradient_clip_val and gradient_clip_algorithm in (None, "norm"):
            for group in optimizer.param_groups:
                clip_norm_per_row(group["params"], float(gradient_clip_val))
        elif gradient_clip_val:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_epoch_end(self) -> None:
        """Ends every member's epoch, keeps its curves [R], NaN where nothing is measured, and logs the mean loss."""
        for member in self.members:
            member.end_epoch()
        if not self._losses:
            return
        found = {"loss": torch.stack(self._losses).nanmean(0), **summary(self._steps, data_of(self.trainer))}
        predicted = predictions(self._steps)
        found["prediction_changes"] = prediction_changes(predicted, self._predicted)
        self._predicted = predicted
        found |= self._accuracies(data_of(self.trainer))
        on_device = {name: values for name, values in found.items() if values.device == self.device}
        found |= dict(zip(on_device, torch.stack(list(on_device.values())).cpu(), strict=True))  # one wait for a GPU
        for name, values in found.items():
            self.curves[name].append(values)
        self.log("train_loss", found["loss"].nanmean())
        self._losses.clear()
        self._steps.clear()

    @torch.no_grad()
    def _accuracies(self, data: NoisyFewShot) -> dict[str, Tensor]:
        """Accuracies [R] after an epoch, on what the data module asks for.

        NaN where every image would have to be encoded, but for noisy validation, of few, at the end; and in most epochs
        of a long training (`on_curve`) for members that more than class weights classify, and for files of features.
        What stands still is measured once.
        """
        splits = {"test_accuracy": data.test_images() if data.test_curve else []}
        splits["noisy_val_accuracy"] = data.noisy_val_images() if data.noisy_val else []
        epoch, epochs = self.trainer.current_epoch, int(self.trainer.max_epochs or 1)
        thorough, last = on_curve(epoch, epochs), epoch + 1 == epochs
        found = {
            name: torch.full((self.run_count,), torch.nan, device=self.device)
            for name, images in splits.items()
            if images
        }
        if found and (thorough or data.dataset.outputs is None):
            for member, weights in zip(self.members, classifiers(self.members), strict=True):
                for name, values in found.items():
                    if member.stands_still and name in self._measured:
                        values[member.rows] = self._measured[name][member.rows]
                    elif not member.sees_images or (last and name == "noisy_val_accuracy"):
                        values[member.rows] = _accuracy(member, weights, splits[name], thorough)
            self._measured = found if thorough else self._measured
        return found

    def on_validation_epoch_start(self) -> None:
        """Encodes every run's prompts once for the whole evaluation."""
        self._start_evaluation(Evaluation())

    def on_test_epoch_start(self) -> None:
        """As for validation; calibration is measured too."""
        self._start_evaluation(Evaluation(calibration=True, predictions=self.keep_predictions))

    on_predict_epoch_start = on_validation_epoch_start

    def _start_evaluation(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self.evaluated_weights = [weights.detach() for weights in classifiers(self.members)]

    def validation_step(self, batch: EvaluationImages, batch_idx: int) -> None:
        """Counts correct predictions and, in a test, measures calibration."""
        self._evaluation.update(self.predict_step(batch, batch_idx), batch.labels)

    test_step = validation_step

    @torch.no_grad()
    def predict_step(self, batch: EvaluationImages, batch_idx: int) -> Tensor:
        """Logits [R, B, C] of every run."""
        pairs = zip(self.members, self.evaluated_weights, strict=True)
        return torch.cat([m.logits(m.image_features(batch.rows(m.rows)), weights) for m, weights in pairs])

    def on_validation_epoch_end(self) -> None:
        """Logs the mean accuracy over runs; `val_accuracy` [R] holds it per run."""
        self.val_accuracy = self._evaluation.accuracy.cpu()
        self.log("val_accuracy", self.val_accuracy.mean())

    def on_test_epoch_end(self) -> None:
        """Keeps the headline numbers [R], [R, C], [R] (0 to 1) on the host and logs the mean accuracy over runs."""
        self.accuracy = self._evaluation.accuracy.cpu()
        self.class_accuracy = self._evaluation.class_accuracy.cpu()
        self.calibration_error = self._evaluation.calibration_error.cpu()
        self.log("test_accuracy", self.accuracy.mean())
        if self.keep_predictions:
            self.test_predictions = self._evaluation.predictions
            given = Evaluation(predictions=True)
            for part in data_of(self.trainer).given_images():
                given.update(self.predict_step(part, 0), part.labels)
            self.train_predictions = given.predictions

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the curves and what members know beyond their parameters."""
        checkpoint["promptnoise"] = {
            "curves": dict(self.curves),
            "predicted": self._predicted,
            "state": [member.state() for member in self.members],
            "task": about(self.members[0].task),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restores them."""
        kept = checkpoint["promptnoise"]
        for member in self.members:
            if not member.built:
                member.prepare(task_of(kept["task"]), derived=True)
        self.curves = defaultdict(list, kept["curves"])
        self._predicted = kept["predicted"]
        for member, state in zip(self.members, kept["state"], strict=True):
            member.load_state(state)

    def diverged(self) -> list[str]:
        """Why each of the R runs has diverged, in a few words; empty for those that have not."""
        causes = []
        for member in self.members:
            for name, parameter in member.named_parameters():
                finite = parameter.detach().isfinite().flatten(1).all(1)
                member.note_broken(~finite, f"{name} is not finite at the end")
            causes += [member.broken.get(row, "") for row in range(len(member.task.seeds))]
        return causes


def _accuracy(member: BaseMethod, weights: Tensor, images: Sequence[EvaluationImages], thorough: bool) -> Tensor:
    """Fraction of the images that a member's runs classify as labelled [R].

    NaN where that takes more than class weights, unless it is `thorough`.
    """
    ranking, evaluation = member.ranking_weights(weights), Evaluation()
    if ranking is None and not thorough:
        return weights.new_full((len(weights),), torch.nan)
    for part in images:
        own = part.rows(member.rows)
        if ranking is None:
            logits = member.logits(member.image_features(own), weights)
        else:
            logits = scaled_products(member.task.backbone.scale, own.features, ranking)
        evaluation.update(logits, own.labels)
    return evaluation.accuracy


def class_weights(members: Sequence[BaseMethod]) -> list[Tensor]:
    """Every member's class weights [R, C, E] in training, prompts that look alike in one pass of the text tower."""
    encoded = encode_together([member.prompt() for member in members])
    try:
        for member, own in zip(members, encoded, strict=True):
            member._encoded = own
        return [member.class_weights() for member in members]
    finally:
        for member in members:
            member._encoded = None


def classifiers(members: Sequence[BaseMethod]) -> list[Tensor]:
    """Every member's class weights [R, C, E] for evaluation."""
    return [member.classifier(own) for member, own in zip(members, class_weights(members), strict=True)]
