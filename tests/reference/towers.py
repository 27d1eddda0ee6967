"""Both towers of the toy CLIP with prompts in several layers, one text and one picture at a time, in float64."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import Tensor

from tests.support import toy


class PlainTowers:
    """The toy CLIP in float64; `text[j]` and `image[j]` are the prompts [N, D] and [V, W] before layer j."""

    def __init__(self) -> None:
        self.model: CLIP = copy.deepcopy(toy.tiny_clip().model).double()

    def text_features(self, text: Sequence[Tensor], fixed: str) -> Tensor:
        """Unit features [C, E] of "[prompts] fixed NAME."."""
        count, rows = len(text[0]), []
        for name in toy.CLASSES:
            words = " ".join(["X"] * count + ([fixed] if fixed else []) + [name])
            tokens = toy.tiny_clip().tokenizer([f"{words}."])[0]
            end, x = int(tokens.argmax()), self.model.token_embedding(tokens)
            x = torch.cat([x[:1], text[0], x[1 + count :]]) + self.model.positional_embedding
            for number, block in enumerate(self.model.transformer.resblocks):
                if 0 < number < len(text):
                    x = torch.cat([x[:1], text[number], x[1 + count :]])
                x = block(x[None], attn_mask=self.model.attn_mask.double())[0]
            rows.append(F.normalize(self.model.ln_final(x)[end] @ self.model.text_projection, dim=-1))
        return torch.stack(rows)

    def image_features(self, pixels: Tensor, image: Sequence[Tensor]) -> Tensor:
        """Unit features [n, E]; the prompts come last, as in the released codes: where they stand does not matter."""
        visual, rows = self.model.visual, []
        for picture in pixels:
            patches = visual.conv1(picture[None].double())[0].flatten(1).T
            x = torch.cat([visual.class_embedding[None], patches]) + visual.positional_embedding
            x = visual.ln_pre(torch.cat([x, image[0]]) if len(image) else x)
            for number, block in enumerate(visual.transformer.resblocks):
                if 0 < number < len(image):
                    x = torch.cat([x[: -len(image[number])], image[number]])
                x = block(x[None])[0]
            rows.append(F.normalize(visual.ln_post(x[0]) @ visual.proj, dim=-1))
        return torch.stack(rows)

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """CLIP's scaled similarities."""
        return self.model.logit_scale.exp() * features @ weights.T
