"""The pretend GPU raises where CUDA would, and counts what would make it wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from tests.support.pretend_gpu import DEVICE, PretendTensor, pretend_gpu


def test_tensors_of_two_devices_do_not_mix() -> None:
    with pretend_gpu():
        there, here = torch.ones(3, device=DEVICE), torch.ones(3)
        assert isinstance(there, PretendTensor) and there.device == DEVICE
        for mix in (
            lambda: there + here,
            lambda: torch.cat([here, there]),
            lambda: here @ there,
            lambda: here[there.long()],
        ):
            with pytest.raises(RuntimeError):
                mix()


def test_what_cuda_allows_is_allowed() -> None:
    with pretend_gpu():
        there = torch.zeros(4, device=DEVICE)
        there += torch.tensor(2.0)
        there[torch.tensor([0, 1])] = 5.0
        there[2:].copy_(torch.ones(2))
        assert there.tolist() == [5, 5, 1, 1]
        assert (there * 2).cpu().tolist() == [10, 10, 2, 2]


@pytest.mark.parametrize(
    ("work", "waits"),
    [
        (lambda x: x.sum().item(), 1),
        (lambda x: bool((x > 0).all()), 1),
        (lambda x: x[x > 0], 1),
        (lambda x: x.nonzero(), 1),
        (lambda x: x.unique(), 1),
        (lambda x: x.cpu(), 1),
        (lambda x: torch.ones(3).to(DEVICE), 1),
        (lambda x: x.tolist(), 1),
        (lambda x: torch.where(x > 0, x, 0).softmax(0).sort().values.cumsum(0), 0),
        (lambda x: x.new_zeros(3).scatter(0, x.argsort(), x), 0),
    ],
)
def test_waits_are_counted(work: Callable[[torch.Tensor], object], waits: int) -> None:
    with pretend_gpu() as counts:
        x = torch.arange(3.0).to(DEVICE)
        counts.clear()
        work(x)
        assert sum(counts.waits.values()) == waits


def test_views_start_no_kernel_and_everything_else_does() -> None:
    with pretend_gpu() as counts:
        x = torch.ones(2, 3, device=DEVICE)
        counts.clear()
        x.view(3, 2).transpose(0, 1)[0].expand(4, 3).detach()
        assert counts.launches == 0
        (x @ x.T).add_(1).relu()
        assert counts.launches == 3


def test_gradients_equal_those_of_the_cpu_to_the_last_bit() -> None:
    def gradient(device: torch.device | str) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(4, 5, generator=generator).to(device).requires_grad_()
        x = torch.randn(7, 4, generator=generator).to(device)
        loss = torch.nn.functional.cross_entropy((x @ weight).tanh(), torch.arange(7).to(device) % 5)
        return torch.autograd.grad(loss, weight)[0].cpu()

    plain = gradient("cpu")
    with pretend_gpu():
        assert torch.equal(gradient(DEVICE), plain)
    assert torch.tensor([1.0]).device.type == "cpu"
