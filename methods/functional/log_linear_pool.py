"""A log-linear pool of classifiers, softmax(sum_j w_j s_j + c), and Newton steps to its weights and biases."""

from __future__ import annotations

import torch
from torch import Tensor

#: The expected sum of weights of names, that of images, the pull there, and that on names' differences, in nats.
BY_NAMES, BY_IMAGES, PULL, ALIKE = 1.4, 0.5, 5.0, 1.0
#: What holds a class's bias at 0, in images.
NO_BIAS = 5.0
#: Nats that a nat of the pool's entropy costs: being sure and noise is preferred to being unsure.
PRICE = 0.05
#: Most that a step moves a weight or a bias.
MOST_STEP = 0.5
#: Images of every class that balancing adds to those of labels, those that hold its biases at 0, and its steps.
EVEN, FREE, BALANCING = 30.0, 2.0, 5


def pooled(scores: Tensor, pool: Tensor, bias: Tensor, valid: Tensor) -> Tensor:
    """Probabilities [..., N, C] by scores [..., J, N, C], weights [..., J], biases [..., N, C]; 0 where not `valid`."""
    summed = (pool.unsqueeze(-2) @ scores.flatten(-2)).view(*scores.shape[:-3], *scores.shape[-2:]) + bias
    odds = (summed - summed.amax(-1, keepdim=True)).exp()  # four times as fast as softmax where classes are few
    return odds * (valid / odds.sum(-1))[..., None]


def expected(count: int, like: Tensor) -> Tensor:
    """The weights [J + 1] that are expected of `count` = J classifiers by names, and of one that knows images alone."""
    return torch.cat([like.new_full((count,), BY_NAMES / count), like.new_full((1,), BY_IMAGES)])


def pull(pool: Tensor, bias: Tensor) -> Tensor:
    """Nats [...] that weights [..., J] and biases of classes [..., C] cost for being away from what is expected."""
    away = pool - expected(pool.shape[-1] - 1, pool)
    return (away @ _held(away) * away).sum(-1) + NO_BIAS / 2 * bias.square().sum(-1)


def _held(away: Tensor) -> Tensor:
    """The pull [J + 1, J + 1] on weights that are `away`: on the sum of names, on images, and on names' differences."""
    held = ALIKE * torch.eye(away.shape[-1], dtype=away.dtype, device=away.device)
    held[:-1, :-1] += (PULL - ALIKE) / (len(held) - 1)
    held[-1, -1].fill_(PULL)
    return held


def newton(scores: Tensor, pool: Tensor, p: Tensor, target: Tensor) -> Tensor:
    """The weights [..., J] after a step uphill: sum target log p, less the price of entropy and the pull. None below 0.

    Probabilities `p` and their `target` are [..., N, C], 0 on padding; scores are [..., J, N, C].
    """
    entropy = p * p.clamp(min=1e-30).log()
    uphill = torch.add(target, entropy, alpha=PRICE).addcmul(p, 1 + PRICE * entropy.sum(-1, keepdim=True), value=-1)
    away = pool - expected(scores.shape[-3] - 1, pool)
    flat, weighted, held = scores.flatten(-2), scores * p.unsqueeze(-3), _held(away)
    gain = (flat @ uphill.flatten(-2).unsqueeze(-1)).squeeze(-1) - 2 * away @ held
    mean = weighted.sum(-1)
    curve = weighted.flatten(-2) @ flat.mT - mean @ mean.mT + 2 * held
    step: Tensor = torch.linalg.solve_ex(curve, gain).result  # waits for no GPU; never singular
    return (pool + step.clamp(-MOST_STEP, MOST_STEP)).clamp(min=0)


def newton_bias(bias: Tensor, constant: Tensor, p: Tensor, target: Tensor, images: float = NO_BIAS) -> Tensor:
    """The classes' biases [..., C], which multiply `constant` [..., N] and `images` hold at 0, after a step uphill."""
    gain = ((target - p) * constant[..., None]).sum(-2) - images * bias
    curve = (p * (1 - p) * constant.square()[..., None]).sum(-2) + images
    return bias + (gain / curve).clamp(-MOST_STEP, MOST_STEP)


def balance(scores: Tensor, count: Tensor, constant: Tensor, valid: Tensor) -> Tensor:
    """Biases [..., C] under which scores [..., N, C] give classes their shares of `count` [..., C] and EVEN more each.

    They multiply `constant` [..., N]; images count where `valid` [..., N].

    >>> balance(torch.tensor([[2.0, 0.0]] * 100), torch.tensor([50.0, 50.0]), torch.ones(100), torch.ones(100)).sign()
    tensor([-1.,  1.])
    """
    valid, count, bias = valid[..., None], count + EVEN, torch.zeros_like(count)
    target = (count / count.sum(-1, keepdim=True)).unsqueeze(-2) * valid
    for _ in range(BALANCING):
        p = (scores + bias.unsqueeze(-2) * constant[..., None]).softmax(-1) * valid
        bias = newton_bias(bias, constant, p, target, FREE)
    return bias
