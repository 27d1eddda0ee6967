"""Training on the pretend GPU with a real `lightning.Trainer`, and what each step and epoch of it would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import lightning
import torch
from lightning.pytorch.accelerators import Accelerator
from lightning.pytorch.strategies import SingleDeviceStrategy

from tests.support.pretend_gpu import PretendGPU, Wait
from tests.support.pretend_tensor import NAME

Trainer = lightning.Trainer


class PretendAccelerator(Accelerator):
    """What Lightning asks about a kind of device."""

    def setup_device(self, device: torch.device) -> None:
        """Raises ValueError for another kind of device."""
        if device.type != NAME:
            raise ValueError(f"device {device} is not a {NAME} GPU")

    def teardown(self) -> None:
        """Nothing to free."""

    @staticmethod
    def parse_devices(devices: Any) -> Any:
        return devices

    @staticmethod
    def get_parallel_devices(devices: Any) -> list[torch.device]:
        return [torch.device(NAME, 0)]

    @staticmethod
    def auto_device_count() -> int:
        return 1

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def name() -> str:
        return NAME


@dataclass
class Cost(lightning.Callback):
    """Counts waits and launches of training steps, from the second of each epoch on, and waits of everything else.

    A step lasts from the end of the one before to its own end, so that gathering its batch belongs to it.
    """

    gpu: PretendGPU
    steps: list[list[Wait]] = field(default_factory=list)
    launches: list[int] = field(default_factory=list)
    #: Waits of each epoch that are not in `steps`: validation, hooks at its start and end, its first step.
    epochs: list[list[Wait]] = field(default_factory=list)
    _mark: tuple[int, int] = (0, 0)

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._close()
        self.epochs.append([])

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        waits, launches = self._mark
        if batch_idx == 0:
            self._close()
            return
        self.steps.append(self.gpu.waits[waits:])
        self.launches.append(self.gpu.launches - launches)
        self._mark = (len(self.gpu.waits), self.gpu.launches)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._close()

    def _close(self) -> None:
        if self.epochs:
            self.epochs[-1] += self.gpu.waits[self._mark[0] :]
        self._mark = (len(self.gpu.waits), self.gpu.launches)

    @property
    def waits_per_step(self) -> int:
        """The most waits of a step that is not its epoch's first."""
        return max(map(len, self.steps), default=0)

    @property
    def waits_per_epoch(self) -> int:
        """The most waits of an epoch, those of its steps apart."""
        return max(map(len, self.epochs), default=0)

    @property
    def launches_per_step(self) -> int:
        """The most kernels that a step starts."""
        return max(self.launches, default=0)

    def sites(self) -> Counter[tuple[str, Wait]]:
        """How often each wait happened, in a "step" or elsewhere in an "epoch"."""
        found = Counter(("step", wait) for step in self.steps for wait in step)
        return found + Counter(("epoch", wait) for epoch in self.epochs for wait in epoch)


@dataclass
class Row:
    """A method under a paradigm, and what its training cost."""

    method: str
    paradigm: str
    cost: Cost
    passed: bool = False


def table(rows: Sequence[Row]) -> str:
    """A Markdown table of costs: the most waits per step and per epoch, and the most launches per step."""
    lines = [
        "| method | paradigm | passed | waits per step | per epoch | launches per step |",
        "| :-- | :-- | :-- | --: | --: | --: |",
    ]
    for row in rows:
        cost = row.cost
        figures = cost.waits_per_step, cost.waits_per_epoch, cost.launches_per_step
        cells = (row.method, row.paradigm, "yes" if row.passed else "no", *figures)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def trainer(gpu: PretendGPU, cost: Cost, **options: Any) -> lightning.Trainer:
    """A Trainer on the pretend GPU that counts; `accelerator` and `devices` are ignored."""
    options["callbacks"] = [*options.get("callbacks", []), cost]
    options |= {"accelerator": "auto", "devices": 1, "inference_mode": False}
    return Trainer(**options, strategy=SingleDeviceStrategy(gpu.device, PretendAccelerator()))
