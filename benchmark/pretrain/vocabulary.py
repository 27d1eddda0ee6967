"""The few hundred tokens that captions use, numbered compactly while a model trains, and put back when it is saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from open_clip import SimpleTokenizer
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor

from datamodules.synthetic.captions import words

#: The file that open_clip looks for in a model's folder.
WEIGHTS = "open_clip_model.safetensors"


class Vocabulary:
    """Captions to compact tokens, in the full tokenizer's order, so that the end token is still the largest."""

    def __init__(self, length: int = 77) -> None:
        self._tokenizer = SimpleTokenizer(context_length=length)
        self._length = length
        pieces = {token for word in words() for token in self._tokenizer.encode(word)}
        self.rows = sorted(pieces | {self._tokenizer.sot_token_id, self._tokenizer.eot_token_id})
        self._compact = {token: row for row, token in enumerate(self.rows)}
        self._known: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def encode(self, texts: list[str]) -> Tensor:
        """Compact tokens [B, L], L that of the longest text, zeros after an end; KeyError for a word not known."""
        rows = [self._pieces(text)[: self._length - 2] for text in texts]
        tokens = torch.zeros(len(texts), max(map(len, rows)) + 2, dtype=torch.long)
        start, end = len(self) - 2, len(self) - 1
        for line, row in zip(tokens, rows, strict=True):
            line[: len(row) + 2] = torch.tensor([start, *row, end])
        return tokens

    def _pieces(self, text: str) -> list[int]:
        words = text.replace(".", " .").replace(",", " ,").split()
        for word in words:
            if word not in self._known:
                self._known[word] = [self._compact[token] for token in self._tokenizer.encode(word)]
        return [token for word in words for token in self._known[word]]

    def full_table(self, trained: Tensor, size: int, seed: int) -> Tensor:
        """The table [size, D] of all words: trained rows in their places, the others random at the same scale."""
        generator = torch.Generator().manual_seed(seed)
        table = torch.randn(size, trained.shape[1], generator=generator) * trained.std()
        table[self.rows] = trained
        return table


def save(model: CLIP, config: dict[str, Any], vocabulary: Vocabulary, out: Path, seed: int) -> None:
    """Write a model whose token table is compact in half precision as an open_clip folder."""
    size = config["model_cfg"]["text_cfg"]["vocab_size"]
    table = vocabulary.full_table(model.state_dict()["token_embedding.weight"], size, seed)
    write({**model.state_dict(), "token_embedding.weight": table}, config, out)


def write(state: dict[str, Tensor], config: dict[str, Any], out: Path) -> None:
    """Write weights in half precision and their config as an open_clip folder."""
    half = {key: (v.half() if v.is_floating_point() else v).detach().contiguous() for key, v in state.items()}
    out.mkdir(parents=True, exist_ok=True)
    save_file(half, out / WEIGHTS, metadata={"format": "pt"})
    (out / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
