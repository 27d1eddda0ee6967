"""Teaching a vision transformer to see as the embedded CLIP does; Hinton et al. 2015, arXiv:1503.02531."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import torch
from open_clip.model import CLIP
from open_clip.pos_embed import get_2d_sincos_pos_embed
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.pretrain.contrastive import adamw, learning_rate
from benchmark.pretrain.recipe import WORLD, Recipe
from benchmark.pretrain.world import World
from datamodules.synthetic.glyphs import DIGITS
from datamodules.synthetic.scene import COLOURS
from datamodules.synthetic.shapes import SHAPES
from methods.clip.image_tower import ImageTower

#: Made the shipped vision transformer. Turned and handwritten figures come more often than in the teacher's world and
#: disguised ones less often, nearer to what the data sets hold: a transformer needs more pictures for the same skill.
ODDS = replace(WORLD, handwritten=0.4, upside_down=0.2, style=0.3, hollow=0.08, pattern=0.25, backdrop=0.3)
DISTILLATION = Recipe(steps=6000, batch=64, weight_decay=0.05, odds=ODDS)

#: The logit scale at which teacher and student are asked about words.
SHARPNESS = 20.0
#: Degrees by which pictures are turned where tokens say so, and how many tokens there are at most.
TURNS = (180.0, 85.0, -85.0)
MOST = 16


def distill(
    teacher: CLIP,
    config: dict[str, Any],
    recipe: Recipe = DISTILLATION,
    report: Callable[[int, float], None] = lambda *_: None,
) -> CLIP:
    """Train the ViT of an open_clip config to give a ResNet's features; `report(step, loss)` hears of every step.

    The loss adds up the features' distance, that of what they say about `texts()`, and that of what the patches know
    half-way up of the teacher's feature map of the same grid. In every third step the pictures are turned and tokens
    that say so stand beside the patches: the more they say it, the nearer is the target to the features of the picture
    as it was, so that visual prompts find a tower that they can tell something.
    """
    teacher = teacher.eval().requires_grad_(False)
    student = sibling(teacher, config, recipe.seed)
    grid, half = student.visual.grid_size[0], len(student.visual.transformer.resblocks) // 2
    given: dict[str, Tensor] = {}  # what the two modules gave last
    modules = {"inside": student.visual.transformer.resblocks[half - 1], "outside": _stage(teacher, grid)}
    hooks = [module.register_forward_hook(partial(_note, given, name)) for name, module in modules.items()]
    reader, words = _reader(teacher, student, grid, recipe.seed), _words(teacher)
    learned = [*student.visual.parameters(), *reader.parameters()]
    optimizer = adamw(learned, recipe)
    tower, world = ImageTower(student.visual), World.of(config, recipe)
    generator = torch.Generator().manual_seed(recipe.seed)
    codes = pose_codes(tower.width, generator)
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        pictures, target, tokens = lesson(teacher, world, step, codes, generator)
        features = tower.encode(pictures, torch.arange(len(pictures))[:, None], tokens)[:, 0]
        loss = feature_loss(features, target, words, SHARPNESS)
        loss = loss + patch_loss(reader(given["inside"][:, 1 + tokens.shape[1] :]), given["outside"])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        report(step, loss.item())
    for hook in hooks:
        hook.remove()
    return student.eval()


@torch.no_grad()
def lesson(
    teacher: CLIP, world: World, step: int, codes: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures [B, 3, 32, 32], unit features [B, E] to learn for them, and tokens [B, V, W] to stand beside them.

    In two steps of three there are no tokens. In the third picture b is turned by one of TURNS, and its tokens say so
    with a strength of 0 to 1: its target lies that far on the way from the features of the turned picture to those
    before.
    """
    scenes, _ = world.draw(step)
    batch = len(scenes)
    if step % 3 < 2:
        pictures = world.paint(scenes)
        return pictures, F.normalize(teacher.visual(pictures), dim=-1), torch.zeros(batch, 0, codes.shape[1])
    before = deepcopy(world.rng)
    upright = F.normalize(teacher.visual(world.paint(scenes)), dim=-1)
    pose = torch.randint(len(TURNS), (batch,), generator=generator)
    turned = replace(scenes, angle=scenes.angle + np.array(TURNS)[pose.numpy()])
    pictures = replace(world, rng=before).paint(turned)
    strength = (1.5 * torch.rand(batch, 1, generator=generator) - 0.5).clamp(min=0)
    target = torch.lerp(F.normalize(teacher.visual(pictures), dim=-1), upright, strength)
    count = int(torch.randint(1, MOST + 1, (), generator=generator))
    tokens = torch.randn(batch, count, codes.shape[1], generator=generator) / sqrt(codes.shape[1])
    return pictures, F.normalize(target, dim=-1), tokens + (strength * codes[pose])[:, None]


def pose_codes(width: int, generator: torch.Generator) -> Tensor:
    """What tokens say for each of TURNS: directions [3, W] of twice a random token's length."""
    return 2 * F.normalize(torch.randn(len(TURNS), width, generator=generator), dim=-1)


def sibling(teacher: CLIP, config: dict[str, Any], seed: int) -> CLIP:
    """The configured CLIP: an image tower fresh from the seed, positions on a grid, and the teacher's text."""
    cfg = config["model_cfg"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        student = CLIP(cfg["embed_dim"], cfg["vision_cfg"], cfg["text_cfg"])
    text = {key: value for key, value in teacher.state_dict().items() if not key.startswith("visual.")}
    student.load_state_dict(text, strict=False)
    positions = student.visual.positional_embedding
    waves = get_2d_sincos_pos_embed(positions.shape[1], student.visual.grid_size[0], cls_token=True)
    positions.data.copy_(0.7 * torch.from_numpy(waves))
    return student


def texts() -> list[str]:
    """What a picture of the world may be: every figure in every colour, and as it may stand or be written."""
    names = [*SHAPES, *DIGITS]
    coloured = [f"a {colour} {name}" for colour in COLOURS for name in names]
    posed = [f"{words} {name}" for words in ("a picture of a", "an upside-down", "a rotated") for name in names]
    return coloured + posed + [f"a handwritten {name}" for name in DIGITS]


def feature_loss(features: Tensor, target: Tensor, words: Tensor, scale: float, weight: float = 0.3) -> Tensor:
    """1 - cosine of unit features [B, E], and `weight` times the divergence of their predictions over words [C, E]."""
    ours, theirs = (F.log_softmax(scale * x @ words.T, dim=-1) for x in (features, target))
    divergence = F.kl_div(ours, theirs, log_target=True, reduction="batchmean")
    return 1 - (features * target).sum(-1).mean() + weight * divergence


def patch_loss(read: Tensor, feature_map: Tensor) -> Tensor:
    """Squared error of what patches say [B, G * G, K] about a map [B, K, G, G] whose channels are standardised."""
    target = feature_map.flatten(2).transpose(1, 2)
    target = (target - target.mean((0, 1))) / (target.std((0, 1)) + 1e-3)
    return F.mse_loss(read, target)


def _note(given: dict[str, Tensor], name: str, module: nn.Module, inputs: Any, output: Tensor) -> None:
    given[name] = output


def _stage(teacher: CLIP, grid: int) -> nn.Module:
    """The stage of a ModifiedResNet at 32 pixels whose map has as many cells a side as the student has patches."""
    stages: dict[int, nn.Module] = {8: teacher.visual.layer1, 4: teacher.visual.layer2}
    return stages[grid]


def _reader(teacher: CLIP, student: CLIP, grid: int, seed: int) -> nn.Linear:
    channels = [m for m in _stage(teacher, grid).modules() if isinstance(m, nn.BatchNorm2d)][-1].num_features
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(student.visual.class_embedding.shape[0], channels)


@torch.no_grad()
def _words(teacher: CLIP) -> Tensor:
    tokens = SimpleTokenizer(context_length=teacher.context_length)(texts())
    return torch.cat([teacher.encode_text(part, normalize=True) for part in tokens.split(64)])
