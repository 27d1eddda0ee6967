"""Remake the embedded CLIP: contrastive training on the procedural world, from a seed.

Run as `python -m benchmark.pretrain --out FOLDER`; the folder is then an ordinary open_clip model folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import cos, log, pi
from pathlib import Path

import numpy as np
import torch
from open_clip import SimpleTokenizer
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from datamodules.captions import caption, words
from datamodules.scenes import Bank, Odds, draw
from datamodules.world import paint

SHIPPED = Path(__file__).parents[1] / "methods" / "embedded"


@dataclass(frozen=True)
class Recipe:
    """How the embedded CLIP is trained; the defaults made the shipped weights."""

    seed: int = 0
    steps: int = 4000
    batch: int = 128
    lr: float = 2e-3
    weight_decay: float = 0.1
    warmup: int = 100
    ramp: float = 0.35
    max_scale: float = 20.0


class Vocabulary:
    """The few hundred tokens that captions use, numbered compactly in the full tokenizer's order."""

    def __init__(self, length: int = 77) -> None:
        self.tokenizer = SimpleTokenizer(context_length=length)
        self.length = length
        pieces = {token for word in words() for token in self.tokenizer.encode(word)}
        self.rows = sorted(pieces | {self.tokenizer.sot_token_id, self.tokenizer.eot_token_id})
        self._compact = {token: row for row, token in enumerate(self.rows)}
        self._words: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def encode(self, texts: list[str]) -> Tensor:
        """Compact tokens [B, L], as long as the longest text, zeros after its end."""
        rows = [self._encode(text)[: self.length - 2] for text in texts]
        tokens = torch.zeros(len(texts), max(map(len, rows)) + 2, dtype=torch.long)
        for line, row in zip(tokens, rows, strict=True):
            line[: len(row) + 2] = torch.tensor([len(self) - 2, *row, len(self) - 1])
        return tokens

    def _encode(self, text: str) -> list[int]:
        pieces = text.replace(".", " .").replace(",", " ,").split()
        for piece in pieces:
            if piece not in self._words:
                self._words[piece] = [self._compact[token] for token in self.tokenizer.encode(piece)]
        return [token for piece in pieces for token in self._words[piece]]


def small_model(config: dict, vocabulary: Vocabulary) -> CLIP:
    """The configured CLIP with a token table for the vocabulary alone."""
    cfg = config["model_cfg"]
    return CLIP(cfg["embed_dim"], cfg["vision_cfg"], cfg["text_cfg"] | {"vocab_size": len(vocabulary)})


def text_features(model: CLIP, tokens: Tensor) -> Tensor:
    """Unit features [B, E] of compact tokens [B, L], L up to the context length.

    Short and long texts go separately, each group cut after its longest.
    """
    ends = tokens.argmax(-1)
    order = ends.argsort()
    groups = [_text_features(model, tokens[rows, : int(ends[rows].max()) + 1]) for rows in order.tensor_split(4)]
    return F.normalize(torch.cat(groups)[order.argsort()], dim=-1)


def _text_features(model: CLIP, tokens: Tensor) -> Tensor:
    length = tokens.shape[1]
    x = model.token_embedding(tokens) + model.positional_embedding[:length]
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:length, :length]))
    return x[torch.arange(len(x)), tokens.argmax(-1)] @ model.text_projection


def contrastive_loss(images: Tensor, texts: Tensor, tokens: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross-entropy of matching pairs [B, E]; pictures with the very same caption count as matches."""
    logits = scale * images @ texts.T
    same = (tokens[:, None] == tokens[None]).all(-1).to(logits.dtype)
    target = same / same.sum(1, keepdim=True)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def train(config: dict, recipe: Recipe, vocabulary: Vocabulary, odds: Odds = Odds(), report=lambda step, loss: None) -> CLIP:
    """Train from the recipe's seed; `report(step, loss)` hears of every step."""
    rng = np.random.default_rng(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = small_model(config, vocabulary)
    model = model.to(memory_format=torch.channels_last)
    bank = Bank.build(rng)
    mean, std = (torch.tensor(config["preprocess_cfg"][key])[:, None, None] for key in ("mean", "std"))
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    kept = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": kept, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.lr, betas=(0.9, 0.98))
    model.train()
    for step in range(recipe.steps):
        difficulty = min(1.0, step / (recipe.ramp * recipe.steps))
        scenes, facts = draw(rng, recipe.batch, difficulty, bank, odds)
        pictures = (paint(scenes, bank.figures, rng) - mean) / std
        tokens = vocabulary.encode([caption(fact, rng) for fact in facts])
        rate = min(1, (step + 1) / recipe.warmup) * (1 + cos(pi * step / recipe.steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * rate
        images = F.normalize(model.visual(pictures.contiguous(memory_format=torch.channels_last)), dim=-1)
        loss = contrastive_loss(images, text_features(model, tokens), tokens, model.logit_scale.exp())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=log(recipe.max_scale))
        report(step, loss.item())
    return model.eval()


def save(model: CLIP, config: dict, vocabulary: Vocabulary, out: Path, seed: int = 0) -> None:
    """Write the model in half precision as an open_clip folder; words that no caption used get random rows."""
    state = {key: value.detach().clone().contiguous() for key, value in model.state_dict().items()}
    trained = state["token_embedding.weight"]
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(config["model_cfg"]["text_cfg"]["vocab_size"], trained.shape[1], generator=generator) * trained.std()
    table[vocabulary.rows] = trained
    state["token_embedding.weight"] = table
    state = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    out.mkdir(parents=True, exist_ok=True)
    save_file(state, out / "open_clip_model.safetensors", metadata={"format": "pt"})
    (out / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
