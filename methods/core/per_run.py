"""What stacks of runs [R, ...] need: products, gradients clipped by row, and copies of a module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call


def scaled_products(scale: float, features: Tensor, weights: Tensor) -> Tensor:
    """The scale times the inner products [R, B, C] of features [R or 1, B, E] and class weights [R, C, E]."""
    scaled = scale * features
    if len(features) == 1:  # all runs in one product, which is faster than one for each
        together: Tensor = (scaled[0] @ weights.flatten(0, 1).mT).view(-1, *weights.shape[:2])
        return together.transpose(0, 1)
    return scaled @ weights.mT


def clip_norm_per_row(parameters: Iterable[Tensor], most: float) -> None:
    """Scales the gradients of every run so that their norm over all `parameters` [R, ...] is at most `most`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return
    norms = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0).sqrt()
    scale = (most / (norms + 1e-6)).clamp(max=1)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))


class PerRun(nn.Module):
    """R copies of a module, whose weights are learned as stacks [R, ...] in float32.

    The copies run one after another: `vmap` was no faster on the towers that this is for.
    """

    def __init__(self, copies: Sequence[nn.Module]) -> None:
        super().__init__()
        self.template = (copies[0].requires_grad_(False),)  # a tuple, since a child's weights would count as learned
        self.dtypes = {name: weight.dtype for name, weight in copies[0].named_parameters()}
        for name in self.dtypes:
            stack = torch.stack([copy.get_parameter(name).detach().float() for copy in copies])
            self.register_parameter(name.replace(".", "/"), nn.Parameter(stack))
        self.shared = [name for name, _ in copies[0].named_buffers()]
        for name in self.shared:
            self.register_buffer(name.replace(".", "/"), copies[0].get_buffer(name), persistent=False)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Row r of the inputs [R, ...] through copy r; every output of the module stacked [R, ...]."""
        stacks = {name: self.get_parameter(name.replace(".", "/")).to(dtype) for name, dtype in self.dtypes.items()}
        count = len(next(iter(stacks.values())))
        shared = {name: self.get_buffer(name.replace(".", "/")) for name in self.shared}
        outputs = []
        for r in range(count):
            own = {name: stack[r] for name, stack in stacks.items()}
            outputs.append(functional_call(self.template[0], shared | own, tuple(x[r] for x in inputs)))
        return tuple(torch.stack(parts) for parts in zip(*outputs, strict=True))
