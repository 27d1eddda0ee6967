"""A log-linear pool of classifiers, softmax(sum_j w_j s_j + c), and Newton steps to its weights and biases."""

from __future__ import annotations

import torch
from torch import Tensor

#: What the weights of class names are expected to sum to, the weight of images alone, and the pull there, in nats.
BY_NAMES, BY_IMAGES, PULL = 1.4, 0.5, 5.0
#: What holds a class's bias at 0, in images.
NO_BIAS = 5.0
#: Nats that a nat of the pool's entropy costs: being sure and noise is preferred to being unsure.
PRICE = 0.05
#: Most that a step moves a weight or a bias.
MOST_STEP = 0.5


def pooled(scores: Tensor, pool: Tensor, bias: Tensor) -> Tensor:
    """Log-probabilities [R, N, C] by scores [J, R, N, C] with weights `pool` [R, J] and biases [R, N, C]."""
    return (torch.einsum("rj,jrnc->rnc", pool, scores) + bias).log_softmax(-1)


def expected(count: int, like: Tensor) -> Tensor:
    """The weights [J + 1] that are expected of `count` = J classifiers by names, and of one that knows images alone."""
    return torch.cat([like.new_full((count,), BY_NAMES / count), like.new_full((1,), BY_IMAGES)])


def newton(scores: Tensor, pool: Tensor, p: Tensor, target: Tensor) -> Tensor:
    """The weights [R, J] after a step uphill on sum target log p less the price of entropy and the pull; none below 0.

    Probabilities `p` and their `target` are [R, N, C], 0 on padding; scores are [J, R, N, C].
    """
    log_p = p.clamp(min=1e-30).log()
    surer = p * (log_p - (p * log_p).sum(-1, keepdim=True))
    gain = ((target - p + PRICE * surer) * scores).sum((2, 3)).T
    mean = (p * scores).sum(-1)
    curve = torch.stack([(p * scores * each).sum((2, 3)).T for each in scores], -1)
    identity = torch.eye(len(scores), dtype=pool.dtype, device=pool.device)
    curve = curve - torch.einsum("jrn,lrn->rjl", mean, mean) + 2 * PULL * identity
    away = pool - expected(len(scores) - 1, pool)
    step: Tensor = torch.linalg.solve_ex(curve, gain - 2 * PULL * away).result  # waits for no GPU; never singular
    return (pool + step.clamp(-MOST_STEP, MOST_STEP)).clamp(min=0)


def newton_bias(bias: Tensor, constant: Tensor, p: Tensor, target: Tensor) -> Tensor:
    """The classes' biases [R, C], which multiply `constant` [R, N], after a step uphill, each by itself."""
    gain = ((target - p) * constant[..., None]).sum(1) - NO_BIAS * bias
    curve = (p * (1 - p) * constant.square()[..., None]).sum(1) + NO_BIAS
    return bias + (gain / curve).clamp(-MOST_STEP, MOST_STEP)
