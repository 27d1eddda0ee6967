"""Prompts in several layers of both towers: how many, where the first one starts, and who draws them."""

from __future__ import annotations

import pytest
import torch

from methods import maple
from methods.errors import MethodError
from tests.support import toy


def made(**options: object) -> maple.Method:
    return maple.Method(toy.task([0, 1]), **options)


def test_a_tower_with_fewer_layers_than_depth_has_prompts_in_all() -> None:
    whole, one = made(depth=9), made(depth=1)
    assert (whole.text_layers, whole.image_layers) == (2, 2) and whole.deep_ctx.shape == (2, 1, 2, 32)
    assert (one.text_layers, one.image_layers) == (1, 1) and one.deep_ctx.shape == (2, 0, 2, 32)


def test_the_context_starts_at_the_first_words_of_init_and_further_prompts_are_drawn_for_each_seed() -> None:
    method = made(init="a photo of a", n_ctx=2)
    words = toy.tiny_clip().words("a photo of a")
    for row in range(2):
        torch.testing.assert_close(method.ctx[row].detach(), words[:2])
    assert not torch.equal(method.deep_ctx[0], method.deep_ctx[1])
    assert 0.01 < method.deep_ctx.std() < 0.04
    torch.testing.assert_close(maple.Method(toy.task([1]), n_ctx=2).deep_ctx[0], method.deep_ctx[1])


def test_with_fewer_words_than_tokens_the_context_is_drawn_too() -> None:
    method = made(init="a photo", n_ctx=4)
    assert not torch.equal(method.ctx[0], method.ctx[1]) and 0.01 < method.ctx.std() < 0.04


def test_prompts_of_one_run_reach_no_other_s_class_weights() -> None:
    method = made(n_ctx=2)
    method.class_weights()[1].sum().backward()
    for prompts in (method.ctx, method.deep_ctx):
        assert prompts.grad is not None and prompts.grad[0].abs().max() == 0 < prompts.grad[1].abs().max()


def test_no_token_is_refused() -> None:
    with pytest.raises(MethodError, match="n_ctx=0 should be at least 1"):
        made(n_ctx=0)
