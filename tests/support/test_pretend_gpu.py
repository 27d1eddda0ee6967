"""The pretend GPU raises where CUDA would, computes what the CPU does, and counts waits and launches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tests.support.pretend_gpu import PretendGPU
from tests.support.pretend_training import Cost, trainer


@pytest.fixture
def gpu() -> Iterator[PretendGPU]:
    with PretendGPU() as found:
        yield found


@pytest.mark.parametrize(
    "mix",
    [
        lambda x, cpu: x + cpu,
        lambda x, cpu: cpu * x,
        lambda x, cpu: x @ cpu,
        lambda x, cpu: torch.cat([x, cpu]),
        lambda x, cpu: torch.stack([x.sum(), cpu.sum()]),
        lambda x, cpu: torch.where(cpu > 0, x, 0),
        lambda x, cpu: x.gather(1, cpu.long()),
        lambda x, cpu: cpu[x > 0],
        lambda x, cpu: x.add_(cpu),
        lambda x, cpu: cpu.sum().add_(x.sum()),
        lambda x, cpu: nn.functional.linear(x, cpu),
        lambda x, cpu: x.index_put((cpu.long(),), cpu[0]),
    ],
)
def test_tensors_of_two_devices_do_not_mix(gpu: PretendGPU, mix: Callable[[Tensor, Tensor], Any]) -> None:
    x, cpu = torch.ones(2, 2, device=gpu.device), torch.ones(2, 2)
    with pytest.raises(RuntimeError, match="found at least two devices, lazy:0 and cpu"):
        mix(x, cpu)


@pytest.mark.parametrize(
    ("mix", "right"),
    [
        (lambda x: x + torch.tensor(2.0), [2.0, 3.0, 4.0]),
        (lambda x: torch.where(x > 0, x, torch.tensor(7.0)), [7.0, 1.0, 2.0]),
        (lambda x: x.masked_fill(x > 1, torch.tensor(9.0)), [0.0, 1.0, 9.0]),
        (lambda x: x[torch.tensor([2, 0])], [2.0, 0.0]),
        (lambda x: x[[2, 0]], [2.0, 0.0]),
        (lambda x: x[torch.tensor([True, False, True])], [0.0, 2.0]),
        (lambda x: x.index_put((torch.tensor([1]),), torch.tensor(5.0)), [0.0, 5.0, 2.0]),
        (lambda x: x.copy_(torch.ones(3)), [1.0, 1.0, 1.0]),
        (lambda x: x.new_tensor([4.0]), [4.0]),
        (lambda x: torch.zeros(3).copy_(x), [0.0, 1.0, 2.0]),
        (lambda x: torch.as_tensor(np.arange(2.0, dtype=np.float32), device=x.device), [0.0, 1.0]),
    ],
)
def test_what_cuda_lets_mix_does(gpu: PretendGPU, mix: Callable[[Tensor], Tensor], right: list[float]) -> None:
    assert mix(torch.arange(3.0, device=gpu.device)).tolist() == right


def test_what_only_the_cpu_can_raises(gpu: PretendGPU) -> None:
    x = torch.ones(2, device=gpu.device)
    for convert in (lambda: x.numpy(), lambda: np.asarray(x)):
        with pytest.raises(TypeError, match="to numpy"):
            convert()
    with pytest.raises(RuntimeError, match="device type for generator"):
        torch.randn(2, device=gpu.device, generator=torch.Generator())
    with pytest.raises(NotImplementedError, match="changes a shape in place"):
        x.unsqueeze_(0)


@pytest.mark.parametrize(
    ("act", "waits"),
    [
        (lambda x: x.sum().item(), ["_local_scalar_dense"]),
        (lambda x: bool(x.any()), ["_local_scalar_dense"]),
        (lambda x: torch.allclose(x, x), ["allclose"]),
        (lambda x: torch.equal(x, x), ["equal"]),
        (lambda x: x.tolist(), ["copy to the CPU"]),
        (lambda x: x.cpu(), ["copy to the CPU"]),
        (lambda x: x.to("cpu", non_blocking=True), []),
        (lambda x: torch.ones(4).copy_(x), ["copy to the CPU"]),
        (lambda x: x.copy_(torch.ones(4)), ["copy to the device"]),
        (lambda x: torch.tensor([1.0], device=x.device), ["copy to the device"]),
        (lambda x: torch.ones(2).to(x), ["copy to the device"]),
        (lambda x: torch.ones(2).to(x, non_blocking=True), ["copy to the device"]),
        (lambda x: torch.ones(2).pin_memory().to(x, non_blocking=True), []),
        (lambda x: torch.ones(2, 2).pin_memory()[0].to(x, non_blocking=True), []),
        (lambda x: x.nonzero(), ["nonzero"]),
        (lambda x: x.unique(), ["_unique2"]),
        (lambda x: x.masked_select(x > 0), ["masked_select"]),
        (lambda x: x[x > 0], ["index by a mask"]),
        (lambda x: x.__setitem__(x > 0, 0.0), []),
        (lambda x: x.__setitem__(x > 0, 2 * x[:3]), ["index by a mask"]),
        (lambda x: x.view(2, 2).__setitem__(0, 1.0), []),
        (lambda x: x.__setitem__(0, 1.0), ["copy to the device"]),
        (lambda x: x.__setitem__(x.long(), 1.0), ["copy of a number to the device"]),
        (lambda x: x[[0, 1]], ["copy of an index to the device"]),
        (lambda x: x[x.long()], []),
        (lambda x: x.repeat_interleave(x.long()), ["repeat_interleave without output_size"]),
        (lambda x: x.repeat_interleave(x.long(), output_size=6), []),
        (lambda x: x.to(torch.float64).softmax(0).argmax() + torch.zeros(2, device=x.device), []),
    ],
)
def test_what_makes_the_host_wait_is_counted(gpu: PretendGPU, act: Callable[[Tensor], Any], waits: list[str]) -> None:
    x = torch.arange(4.0, device=gpu.device)
    gpu.waits.clear()
    act(x)
    assert [wait.what for wait in gpu.waits] == waits


def test_a_wait_names_the_line_that_caused_it(gpu: PretendGPU) -> None:
    from methods.functional.pseudo_labels import assign_with_capacity

    torch.ones(1, device=gpu.device).item()
    assert gpu.waits[-1].where.startswith("tests/support/test_pretend_gpu.py:")
    assign_with_capacity(torch.rand(1, 4, 2).to(gpu.device), 2)
    assert gpu.waits[-1].where.startswith("methods/functional/pseudo_labels.py:")


@pytest.mark.parametrize(
    ("act", "launches"),
    [
        (lambda x: x + 1, 1),
        (lambda x: x.add_(1).mul_(2), 2),
        (lambda x: x.T[None].expand(3, -1, -1)[1].reshape(4).detach(), 1),  # reshape copies what is transposed
        (lambda x: x.view(4).unsqueeze(0).permute(1, 0)[:2], 0),
        (lambda x: torch.empty_like(x), 0),
        (lambda x: torch.zeros(2, device=x.device), 1),
        (lambda x: nn.functional.layer_norm(x, (2,)), 1),
        (lambda x: torch.zeros(2) + 1, 0),
    ],
)
def test_kernels_are_counted_and_views_are_not(gpu: PretendGPU, act: Callable[[Tensor], Any], launches: int) -> None:
    x = torch.ones(2, 2, device=gpu.device)
    before = gpu.launches
    act(x)
    assert gpu.launches - before == launches


@pytest.mark.parametrize(
    ("act", "dtype"),
    [
        (lambda x: nn.functional.linear(x, x), torch.bfloat16),
        (lambda x: x @ x.T, torch.bfloat16),
        (lambda x: nn.functional.scaled_dot_product_attention(x, x, x), torch.bfloat16),
        (lambda x: nn.functional.layer_norm(x.bfloat16(), (2,)), torch.float32),
        (lambda x: x.bfloat16().softmax(-1), torch.float32),
        (lambda x: x.bfloat16() + 1, torch.bfloat16),
        (lambda x: x + x.bfloat16(), torch.float32),
    ],
)
def test_autocast_is_that_of_cuda(gpu: PretendGPU, act: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    x = torch.ones(2, 2, device=gpu.device, requires_grad=True)
    with torch.autocast(gpu.device.type, torch.bfloat16):
        found = act(x)
    found.float().sum().backward()
    assert found.dtype == dtype and x.grad is not None and x.grad.dtype == torch.float32


def network() -> nn.Module:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Linear(4, 8), layer, nn.BatchNorm1d(5), nn.Flatten(), nn.Linear(40, 3))


def trained(device: Any) -> list[Tensor]:
    """Gradients of the first step and weights after three, on the CPU."""
    model = network().to(device)
    x, y = torch.rand(6, 5, 4, generator=torch.Generator().manual_seed(1)), torch.arange(6) % 3
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    found = []
    for step in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x.to(device)), y.to(device)).backward()
        found += [parameter.grad.cpu() for parameter in model.parameters() if step == 0 and parameter.grad is not None]
        optimizer.step()
    return found + [parameter.detach().cpu() for parameter in model.parameters()]


def test_gradients_and_weights_are_those_of_the_cpu_bit_for_bit(gpu: PretendGPU) -> None:
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        cpu = trained("cpu")
    pretend = trained(gpu.device)
    assert len(cpu) == len(pretend) > 20
    assert all(torch.equal(one, other) for one, other in zip(cpu, pretend, strict=True))


def test_a_module_that_moves_keeps_its_parameters(gpu: PretendGPU) -> None:
    model = nn.Linear(2, 2)
    weight, values = model.weight, model.weight.detach().clone()
    assert model.to(gpu.device).weight is weight and weight.device == gpu.device
    called = torch.func.functional_call(model, {"weight": 2 * weight}, (torch.eye(2, device=gpu.device),))
    assert torch.allclose(called.cpu() - model.bias.cpu(), 2 * values.T)
    assert model.to("cpu").weight is weight and torch.equal(weight, values)


class Regression(lightning.LightningModule):
    """One step without a wait, or with one."""

    def __init__(self, wait: bool) -> None:
        super().__init__()
        self.layer, self.wait = nn.Linear(3, 1), wait

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        loss: Tensor = self.layer(batch[0]).square().mean()
        if self.wait:
            loss.item()
        return loss

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.device_in_test = self.layer.weight.device

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize("wait", [False, True])
def test_a_trainer_trains_on_it_and_moves_the_module_to_the_cpu_at_the_end(gpu: PretendGPU, wait: bool) -> None:
    model, cost = Regression(wait), Cost(gpu)
    data = DataLoader(TensorDataset(torch.rand(8, 3)), 2)
    own = trainer(
        gpu, cost, max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    own.fit(model, data)
    own.test(model, data, verbose=False)
    assert model.device_in_test == gpu.device and model.layer.weight.device.type == "cpu"
    assert len(cost.steps) == 6 and len(cost.epochs) == 2
    assert cost.waits_per_step == 1 + wait  # the batch is copied to the device
    assert 0 < cost.launches_per_step < 30


def test_nothing_is_left_behind() -> None:
    before = torch.__future__.get_swap_module_params_on_conversion()
    with PretendGPU() as gpu:
        x = torch.ones(2, device=gpu.device)
        launches = gpu.launches
    assert torch.__future__.get_swap_module_params_on_conversion() == before
    assert (x + 1).cpu().tolist() == [2.0, 2.0] and gpu.launches == launches
    assert torch.tensor([1.0]).numpy()[0] == 1 and torch.get_default_device().type == "cpu"
