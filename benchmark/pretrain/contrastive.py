"""Contrastive training of the embedded CLIP on the procedural world, as in CLIP, arXiv:2103.00020."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import cos, log, pi
from typing import Any

import torch
from open_clip.model import CLIP
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.pretrain.recipe import Recipe
from benchmark.pretrain.vocabulary import Vocabulary
from benchmark.pretrain.world import World
from datamodules.synthetic.captions import caption


def train(
    config: dict[str, Any],
    recipe: Recipe,
    vocabulary: Vocabulary,
    report: Callable[[int, float], None] = lambda *_: None,
) -> CLIP:
    """Train the model of an open_clip config; `report(step, loss)` hears of every step."""
    model = small_model(config, recipe.seed, vocabulary).train()
    optimizer = adamw([*model.parameters()], recipe)
    for step, (pictures, captions) in enumerate(pairs(config, recipe)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        tokens = vocabulary.encode(captions)
        images, texts = F.normalize(model.visual(pictures), dim=-1), text_features(model, tokens)
        loss = contrastive_loss(images, texts, model.logit_scale.exp())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=log(recipe.max_scale))
        report(step, loss.item())
    with torch.no_grad():
        model.logit_scale.fill_(log(recipe.scale))
    return model.eval()


def adamw(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.AdamW:
    """AdamW that lets scales and shifts go without decay; its learning rate is set in every step."""
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def small_model(config: dict[str, Any], seed: int, vocabulary: Vocabulary) -> CLIP:
    """The configured CLIP, fresh from the seed, with a token table for the vocabulary alone."""
    cfg = config["model_cfg"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIP(cfg["embed_dim"], cfg["vision_cfg"], cfg["text_cfg"] | {"vocab_size": len(vocabulary)})
    return model.to(memory_format=torch.channels_last)


def pairs(config: dict[str, Any], recipe: Recipe) -> Iterator[tuple[Tensor, list[str]]]:
    """Batches of normalised pictures [B, 3, 32, 32] and their captions, ever harder."""
    world = World.of(config, recipe)
    for step in range(recipe.steps):
        scenes, facts = world.draw(step)
        yield world.paint(scenes), [caption(fact, world.rng) for fact in facts]


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, cosine to zero."""
    return recipe.lr * min(1, (step + 1) / recipe.warmup) * (1 + cos(pi * step / recipe.steps)) / 2


def text_features(model: CLIP, tokens: Tensor) -> Tensor:
    """Unit features [B, E] of compact tokens [B, L]; short and long texts go separately, to save padding."""
    ends = tokens.argmax(-1)
    order = ends.argsort()
    groups = [_text_features(model, tokens[rows, : int(ends[rows].max()) + 1]) for rows in torch.split(order, 32)]
    return F.normalize(torch.cat(groups)[order.argsort()], dim=-1)


def _text_features(model: CLIP, tokens: Tensor) -> Tensor:
    length = tokens.shape[1]
    x = model.token_embedding(tokens) + model.positional_embedding[:length]
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:length, :length]))
    features: Tensor = x[torch.arange(len(x)), tokens.argmax(-1)] @ model.text_projection
    return features


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross-entropy of matching pairs of unit features, both [B, E]."""
    logits = scale * images @ texts.T
    matches = torch.arange(len(logits))
    return (F.cross_entropy(logits, matches) + F.cross_entropy(logits.T, matches)) / 2
