"""One copy of a module per replica."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call


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

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Row r of the inputs [R, ...] through copy r; every output of the module stacked [R, ...]."""
        stacks = {name: self.get_parameter(name.replace(".", "/")).to(dtype) for name, dtype in self.dtypes.items()}
        count = len(next(iter(stacks.values())))
        outputs = [
            functional_call(
                self.template[0], {name: stack[r] for name, stack in stacks.items()}, tuple(x[r] for x in inputs)
            )
            for r in range(count)
        ]
        return tuple(torch.stack(parts) for parts in zip(*outputs, strict=True))
