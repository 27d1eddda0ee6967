"""The classifier and the card of a choice, as files."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np

from benchmark.audit.doubtful_training import Setting
from benchmark.choose.card import FILE, Card
from benchmark.choose.choosing import Outcome
from benchmark.outputs import Outputs
from benchmark.plan.short_names import short_name
from benchmark.records import exported
from benchmark.run.environment import versions
from methods.clip.weights import open_clip_arguments


def write(outputs: Outputs, name: str, setting: Setting, outcome: Outcome, expected: str) -> list[Path]:
    """Writes them into the folder of `outputs`; `name` is that of the backbone as it was asked for."""
    data, backbone, choice = setting.data, setting.backbone, outcome.choice
    encoded = data.outputs is None
    shown = short_name(name) if encoded else backbone.name
    recipe = str(setting.recipe_of(choice.method))
    weights = outcome.final.weights[choice.method][0]
    learned = {"class_weights": weights.cpu().numpy(), "logit_scale": np.array(backbone.scale, np.float32)}
    about = {
        "classes": list(data.values), "class_names": list(data.classes), "backbone": shown,
        "dataset": short_name(data.name if ":" in data.name else f"folder:{data.name}"), "images": len(data.given),
        "method": choice.method, "recipe": recipe, "chosen_by": choice.by,
        "hashes": {"weights": backbone.identity}, "frozen_image_tower": True,
        **({"open_clip": open_clip_arguments(name)} if encoded else {}),
    }  # fmt: skip
    paths = exported.write(outputs.out, learned, about)
    command = shlex.join(["promptnoise", "choose", *sys.argv[2:]])
    card = Card(
        data.name, len(data.given), data.values, shown, recipe, outcome.estimate.lines(data.values),
        outcome.estimated, outcome.held_out, choice, expected, command, versions(), [path.name for path in paths],
    )  # fmt: skip
    return [*paths, *outputs.write({FILE: card.text()})]
