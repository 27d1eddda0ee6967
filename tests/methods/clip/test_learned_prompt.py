"""Prompts that other programs have learned are read without running anything, and refused where they do not fit."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from benchmark.commands import predict
from benchmark.errors import BadInput
from methods import fixed_prompt
from methods.clip.backbone import Backbone, zero_shot_weights
from methods.clip.learned_prompt import LearnedPrompt, read_prompt
from methods.clip.loading import load_backbone
from methods.errors import BackboneError
from tests.support import toy

CLASSES = ("red circle", "green square", "sea-lake", "Boeing 737")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("embedded")


def of_coop(backbone: Backbone, ctx: Tensor, classes: Sequence[str] = CLASSES) -> dict[str, Tensor]:
    """What CoOp's prompt learner holds: the context, the start token, and all that follows the context."""
    layout = backbone.layout(classes, ctx.shape[-2])
    room = backbone.text.positional_embedding.shape[0]
    with torch.no_grad():
        tokens = layout.padded(room).assemble(ctx[None], backbone.text.token_embedding.weight)[0]
    return {"ctx": ctx, "token_prefix": tokens[:, :1], "token_suffix": tokens[:, 1 + ctx.shape[-2] :]}


@pytest.fixture(scope="module")
def words(backbone: Backbone) -> Tensor:
    return backbone.words("a photo of a")


@pytest.fixture(scope="module")
def state(backbone: Backbone, words: Tensor) -> dict[str, Tensor]:
    return {name: value.half() for name, value in of_coop(backbone, words).items()}


def dassl(state: Any, path: Path) -> None:
    """As Dassl saves a model: its schedule holds the objects of other schedules and optimisers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(3))], lr=0.1, momentum=0.9)
    schedule = {"successor": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10), "last_epoch": 3}
    more = {"val_result": np.float64(71.5), "seen": {1, 2}, "counts": defaultdict(list, {3: [1]})}
    content = {"state_dict": state, "epoch": 200, "optimizer": optimizer.state_dict(), "scheduler": schedule, **more}
    torch.save(content, path)


def wrapped(before: str) -> Any:
    return lambda s, p: torch.save({"state_dict": {f"{before}{name}": value for name, value in s.items()}}, p)


WAYS: dict[str, tuple[str, Any]] = {
    "Dassl": ("model.pth.tar-200", dassl),
    "best": ("model-best.pth.tar", dassl),
    "state_dict": ("model.pth.tar-50", lambda s, p: torch.save({"state_dict": s, "epoch": 50}, p)),
    "plain": ("ctx.pth", torch.save),
    "module.": ("model.pth.tar", wrapped("module.")),
    "prompt_learner.": ("model.pth.tar", wrapped("prompt_learner.")),
    "module.prompt_learner.": ("model.pth.tar", wrapped("module.prompt_learner.")),
    "a tensor": ("ctx.pt", lambda s, p: torch.save(s["ctx"], p)),
    "a parameter": ("ctx.pt", lambda s, p: torch.save({"ctx": torch.nn.Parameter(s["ctx"])}, p)),
    "safetensors": ("prompt.safetensors", lambda s, p: save_file({n: v.contiguous() for n, v in s.items()}, p)),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_context_is_found_in_whatever_holds_it(
    way: str, state: dict[str, Tensor], backbone: Backbone, tmp_path: Path
) -> None:
    file, write = WAYS[way]
    write(state, tmp_path / file)
    read = read_prompt(tmp_path / file)
    assert torch.equal(read.ctx, state["ctx"].float())
    read.check(backbone)
    assert way in ("a tensor", "a parameter") or read.names(backbone) == [
        "red circle", "green square", "sea - lake", "boeing 7 3 7"
    ]  # fmt: skip


def test_a_prompt_of_words_classifies_as_the_words_do(
    state: dict[str, Tensor], backbone: Backbone, tmp_path: Path
) -> None:
    dassl(state, tmp_path / "model.pth.tar-200")
    found = read_prompt(tmp_path).features(CLASSES, backbone)[0]
    assert torch.allclose(found, zero_shot_weights(backbone, CLASSES, "a photo of a {}."), atol=2e-3)


def test_of_the_epochs_in_a_folder_the_last_one_counts(words: Tensor, tmp_path: Path) -> None:
    (tmp_path / "run/prompt_learner").mkdir(parents=True)
    for epoch in (5, 100, 50):
        torch.save({"state_dict": {"ctx": words + epoch}}, tmp_path / f"run/prompt_learner/model.pth.tar-{epoch}")
    assert read_prompt(tmp_path / "run").where.endswith("model.pth.tar-100")


def test_contexts_of_each_class_follow_their_names(backbone: Backbone, words: Tensor, tmp_path: Path) -> None:
    own = torch.stack([words + c for c in range(len(CLASSES))])
    torch.save({"state_dict": of_coop(backbone, own)}, tmp_path / "model.pth.tar-200")
    prompt = read_prompt(tmp_path)
    assert torch.equal(prompt.of_classes(CLASSES[::-1], backbone), own.flip(0))
    assert torch.equal(prompt.of_classes(["sea-lake"], backbone), own[2:3])
    with pytest.raises(BackboneError, match=r"none of 'dog' \(1 are lacking\); its 4 classes are red circle"):
        prompt.of_classes(["red circle", "dog"], backbone)
    bare = LearnedPrompt("x", own)
    assert bare.of_classes(CLASSES, backbone) is own
    with pytest.raises(BackboneError, match=r"^x has 4 contexts, one of each class, and the data 2 classes"):
        bare.of_classes(["a", "b"], backbone)


def test_names_stand_where_the_position_says(backbone: Backbone, words: Tensor) -> None:
    prompt = LearnedPrompt("x", words)
    at = {place: prompt.features(CLASSES, backbone, place)[0] for place in ("end", "middle", "front")}
    assert not torch.allclose(at["end"], at["front"], atol=1e-3)
    middle = zero_shot_weights(backbone, CLASSES, "a photo {} of a.")
    assert torch.allclose(at["middle"], middle, atol=1e-4)


def test_a_prompt_of_another_model_is_named(state: dict[str, Tensor], backbone: Backbone) -> None:
    with pytest.raises(BackboneError, match=r"^x: its context is 512 wide, and the tokens of embedded are 64 wide"):
        LearnedPrompt("x", torch.zeros(4, 512)).check(backbone)
    with pytest.raises(BackboneError, match=r"^x: its start token is not that of embedded"):
        LearnedPrompt("x", state["ctx"].float(), state["token_prefix"].float() + 0.1).check(backbone)


class Hostile:
    """What runs a command where it is unpickled."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


@pytest.mark.parametrize("call", [os.system, eval, exec, getattr, __import__])
@pytest.mark.parametrize("where", ["state_dict", "scheduler"])
def test_a_file_that_would_run_something_runs_nothing(
    call: Any, where: str, state: dict[str, Tensor], tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    arguments = {os.system: (f"touch {mark}",), getattr: ([], "clear")}.get(call, (f"open({str(mark)!r}, 'w')",))
    torch.save({"state_dict": state, where: Hostile(call, *arguments)}, tmp_path / "model.pth.tar-200")
    with pytest.raises(
        BackboneError, match=r"names .*, which no file of weights needs; save the model's state_dict"
    ) as error:
        read_prompt(tmp_path / "model.pth.tar-200")
    assert not mark.exists() and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"state_dict": {"ctx": torch.zeros(4, 8), "meta_net.linear1.weight": torch.zeros(2)}}, "CoCoOp's kind"),
        ({"state_dict": {"prompt_learner.ctx": torch.zeros(4, 8), "compound_prompts_text.0": torch.zeros(2)}}, "MaPLe"),
        ({"state_dict": {"weight": torch.zeros(2), "bias": torch.zeros(2)}}, "no context .*; there are weight, bias$"),
        ({"ctx": torch.zeros(4)}, "holds no context 'ctx'"),
        ({"ctx": torch.full((4, 8), float("nan"))}, "its context is not finite"),
        ({}, "holds no context"),
        ([1, 2], "holds no context"),
    ],
)
def test_what_is_no_context_is_told(content: Any, said: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "model.pth.tar-1")
    with pytest.raises(BackboneError, match=said):
        read_prompt(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nothing", b"\x80\x02}q\x00."])
def test_a_damaged_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pth.tar-200").write_bytes(content)
    with pytest.raises(BackboneError) as error:
        read_prompt(tmp_path / "model.pth.tar-200")
    assert str(error.value).startswith(str(tmp_path)) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="cannot be read: No such file"):
        read_prompt(tmp_path / "nothing.pth")


def test_the_method_evaluates_a_file_and_words_without_training(tmp_path: Path) -> None:
    ctx = toy.task([0], 2).backbone.words("a photo of a")
    torch.save({"state_dict": {"ctx": ctx.half()}}, tmp_path / "model.pth.tar-200")
    words, file = fixed_prompt.Method(toy.task([0, 1], 2)), fixed_prompt.Method(toy.task([0], 2), file=str(tmp_path))
    expected = words.zero_shot(template="a photo of a {}.")
    assert words.class_weights().shape[0] == 2 and not [*words.parameters()]
    assert torch.allclose(words.class_weights()[0], expected, atol=1e-5)
    assert torch.allclose(file.class_weights()[0], expected, atol=2e-3)


def test_predict_takes_the_names_of_the_classes_from_the_file(state: dict[str, Tensor], tmp_path: Path) -> None:
    dassl(state, tmp_path / "model.pth.tar-200")
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "pictures/a.png")
    asked = {"folder": tmp_path / "pictures", "with_": tmp_path, "out": tmp_path / "p.csv", "devices": "cpu"}
    assert predict.main(predict.Options(**asked, backbone="embedded")) == 0
    header, line = (tmp_path / "p.csv").read_text().splitlines()
    assert header.startswith("file,predicted") and line.split(",")[0] == "a.png"
    assert {*line.split(",")[1::2]} & {"red circle", "green square", "sea - lake", "boeing 7 3 7"}
    with pytest.raises(BadInput, match=r"does not say its CLIP model; give pictures, and --backbone=ViT-B-16/openai"):
        predict.main(predict.Options(**asked))
    torch.save({"ctx": state["ctx"]}, tmp_path / "model.pth.tar-200")
    with pytest.raises(BadInput, match="does not hold its classes"):
        predict.main(predict.Options(**asked, backbone="embedded"))
