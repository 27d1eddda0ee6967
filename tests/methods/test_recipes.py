"""Recipes: their settings by name, their one spelling, and the learning-rate schedule, epoch by epoch."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from math import cos, pi
from pathlib import Path

import lightning
import pytest
import torch

from datamodules.errors import UserError
from datamodules.run_spec import RunSpec
from methods.coop import Method
from methods.recipes import default_name, known, recipe, recipe_for
from tests.support.toy import data_for, fit, task


@pytest.mark.parametrize("name", known())
def test_every_recipe_says_where_its_numbers_are_from(name: str) -> None:
    own = recipe(name)
    assert own.source and str(own) == name and own.at().epochs == own.epochs()


@pytest.mark.parametrize("epochs", [50, 200])
def test_coop_s_schedule_is_dassl_s(epochs: int) -> None:
    """A constant warm-up epoch at 1e-5, then the cosine that starts from the full rate."""
    rates = [recipe("coop").at().lr_at(epoch, epochs) for epoch in range(epochs)]
    assert rates[0] == 1e-5
    for epoch in range(1, epochs):
        assert rates[epoch] == pytest.approx(0.002 * 0.5 * (1 + cos(pi * (epoch - 1) / epochs)), abs=1e-18)


def test_grip_s_schedule_rises_from_zero_over_five_epochs_and_falls_to_zero() -> None:
    rates = [recipe("grip").at().lr_at(epoch, 150) for epoch in range(150)]
    assert rates[:6] == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.1])
    assert rates[6:] == pytest.approx([0.05 * (1 + cos(pi * (e - 5) / 145)) for e in range(6, 150)])


def test_a_constant_schedule_stays_at_the_rate() -> None:
    own = recipe("coop[schedule=constant,warmup=0,lr=0.01]").at()
    assert [own.lr_at(epoch, 3) for epoch in range(3)] == [0.01] * 3


def test_a_cosine_by_step_starts_at_the_rate_and_ends_a_step_before_its_floor() -> None:
    own = recipe("coop[schedule=cosine,warmup=0,per=step,lr=0.01,least_lr=0.001]").at()
    rates = [own.lr_at(epoch, 2, step, 3) for epoch in range(2) for step in range(3)]
    assert rates == pytest.approx([0.001 + 0.0045 * (1 + cos(pi * done / 6)) for done in range(6)])


def test_a_warm_up_counts_steps_where_the_rate_changes_by_step() -> None:
    own = recipe("coop[warmup=4,warmup_kind=linear,warmup_lr=0,schedule=constant,per=step,lr=1]").at()
    assert [own.lr_at(epoch, 2, step, 3) for epoch in range(2) for step in range(3)] == [0, 0.25, 0.5, 0.75, 1, 1]


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({}, [8]),
        ({"drop_last": False}, [8, 4]),
        ({"batch": "all"}, [12]),
        ({"batch": 5, "drop_last": False}, [5, 5, 2]),
    ],
)
def test_a_recipe_says_how_an_epoch_is_cut(changes: dict[str, object], sizes: list[int]) -> None:
    """Twelve images, in batches of eight unless the recipe says otherwise."""
    own, data = replace(task([1]).recipe, **changes), data_for([RunSpec(1, 2)])  # type: ignore[arg-type]
    data.sampling = data.sampling._replace(batch_size=own.batch, drop_last=own.drop_last)
    assert data.plan.valid.sum(-1)[:, 0].tolist() == sizes
    assert own.steps(12) == len(sizes) + (own.batch == 8 and own.drop_last)


def test_replicas_with_steps_of_their_own_train_as_alone_under_adamw_by_step() -> None:
    """One has images for two batches in an epoch, one for three, so that the first pauses and its cosine is shorter."""
    own = replace(task([1]).recipe, optimizer="adamw", per="step", schedule="cosine", warmup=0, drop_last=False)
    runs = [RunSpec(1, 2), RunSpec(2, 4)]

    def trained(chosen: list[RunSpec]) -> torch.Tensor:
        method = Method(replace(task([run.seed for run in chosen]), recipe=own))
        fit([method], data_for(chosen))
        return method.ctx.detach()

    together = trained(runs)
    for row, run in enumerate(runs):
        torch.testing.assert_close(together[row], trained([run])[0])


def test_a_recipe_belongs_to_a_method_that_there_is() -> None:
    """All but CoOp's own, the embedded CLIP's, and those of papers about several methods."""
    methods = {path.stem for path in Path(__file__).parents[2].glob("methods/*.py")}
    assert {name for name in known() if name not in methods} == {"coop-ep50", "embedded", "ptnl"}
    assert {method for name in known() for method in recipe(name).methods} <= methods


@pytest.mark.parametrize(
    ("method", "name"),
    [("clap", "clap"), ("tip_adapter[finetune=True]", "tip_adapter"), ("gce[q=0.5]", "coop"), ("ifpl", "grip")],
)
def test_a_method_trains_as_its_authors_released_it_on_a_real_backbone(method: str, name: str) -> None:
    plain = method.partition("[")[0]
    assert str(recipe_for("ViT-B-16/openai", "auto", method=method)) == name
    assert str(recipe_for("ViT-B-16/openai", "auto[lr=0.5]", method=method)) == f"{name}[lr=0.5]"
    assert str(recipe_for("ViT-B-16/openai", "coop-ep50", method=method)) == "coop-ep50"
    assert str(recipe_for("embedded", "auto", method=plain)) == "embedded"


def test_maple_s_schedule_is_that_of_its_released_code() -> None:
    rates = [recipe("maple").at().lr_at(epoch, 5) for epoch in range(5)]
    assert rates == pytest.approx([1e-5, 0.0035, 0.0031657, 0.0022908, 0.0012092], abs=1e-7)


@pytest.mark.parametrize(("dataset", "classes"), [("dtd", 47), ("eurosat", 10), ("caltech101", 100), ("sun397", 397)])
def test_clip_lora_takes_500_steps_for_each_shot(dataset: str, classes: int) -> None:
    own = recipe("clip_lora").at("clip_lora", dataset, 16)
    assert own.epochs * own.steps(16 * classes) == pytest.approx(500 * 16, rel=0.02)


def test_real_backbones_train_as_coop_does() -> None:
    assert (default_name("ViT-B-16/openai"), default_name("embedded-vit")) == ("coop", "embedded")
    own = recipe("coop").at()
    assert (own.n_ctx, own.batch, own.momentum, own.weight_decay, own.lr) == (16, 32, 0.9, 5e-4, 0.002)


@pytest.mark.parametrize(("shots", "epochs"), [(1, 50), (2, 100), (4, 100), (7, 100), (8, 200), (16, 200), (32, 200)])
def test_coop_trains_longer_with_more_shots(shots: int, epochs: int) -> None:
    assert recipe("coop").at("gce", "dtd", shots).epochs == epochs
    assert recipe("coop").at("gce", "imagenet", shots).epochs == 50
    assert recipe("coop[epochs=7]").at("gce", "imagenet", shots).epochs == 7
    assert recipe("coop", 7) == recipe("coop[epochs=7]")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("coop[lr=1e-2, batch=32]", "coop[lr=0.01]"),
        ("coop[warmup=2,crop=0.5+1]", "coop[crop=0.5+1,warmup=2]"),
        ("coop[epochs=200]", "coop[epochs=200]"),  # at one shot it is not what coop means
        ("ptnl[epochs=50]", "ptnl"),
        ("grip[crop=none]", "grip"),
        ("coop[batch=all,beta1=0.9,optimizer=adamw]", "coop[batch=all,optimizer=adamw]"),
    ],
)
def test_a_recipe_has_one_spelling(text: str, canonical: str) -> None:
    assert str(recipe(text)) == canonical and str(recipe(canonical)) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cop", "unknown recipe 'cop': did you mean 'coop'?"),
        ("coop[rate=1]", "recipe 'coop' has no option 'rate'"),
        ("coop[lr=0]", "lr=0 should be above 0"),
        ("coop[batch=0]", "batch=0 should be at least 1"),
        ("coop[batch=half]", "batch=half should be a whole number or all"),
        ("coop[optimizer=lion]", "optimizer=lion should be one of sgd, adam, adamw"),
        ("coop[lr=fast]", "lr=fast should be a number"),
        ("coop[epochs=0]", "epochs=0 should be at least 1"),
        ("coop[crop=0.5]", "crop=0.5 should be"),
        ("coop[schedule=linear]", "schedule=linear should be one of coop, cosine, constant"),
    ],
)
def test_a_recipe_that_does_not_exist_is_named(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        recipe(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_epochs_may_not_be_given_twice() -> None:
    with pytest.raises(UserError, match=r"epochs is given twice: .* coop\[epochs=5\]"):
        recipe("coop[epochs=5]", 7)


def test_a_method_s_rate_holds_for_its_variants_unless_they_have_their_own() -> None:
    own = recipe("embedded")
    assert own.lr("linear_probe") == own.lr("linear_probe[csc=True]") == own.lr_by_method["linear_probe"]
    assert (
        own.lr("linear_probe[init=random]") == own.lr_by_method["linear_probe[init=random]"] != own.lr("linear_probe")
    )
    assert own.lr("a_new_method") == own.settings.lr


def test_every_rate_of_a_recipe_is_that_of_a_method_there_is() -> None:
    names = {path.stem for path in Path(__file__).parents[2].glob("methods/*.py")}
    for name in known():
        assert {method.partition("[")[0] for method in recipe(name).lr_by_method} <= names


def test_a_rate_in_brackets_holds_for_all_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    own = recipe("embedded[lr=0.5]")
    rates = {"linear_probe": 0.1}
    assert {own.lr(name) for name in ("linear_probe", "coop")} == {0.5}
    object.__setattr__(own, "lr_by_method", rates)
    assert own.lr("linear_probe") == 0.5


def test_runs_of_two_recipes_train_side_by_side_as_alone() -> None:
    """Learning rate, weight decay and schedule are those of each member."""
    recipes = [replace(task([1]).recipe, lr=rate, weight_decay=decay) for rate, decay in ((0.02, 0.0), (0.001, 0.1))]
    tasks = [replace(task([1]), recipe=own) for own in recipes]
    together = fit([Method(own) for own in tasks], data_for([RunSpec(1, 2)] * 2))
    for own, member in zip(tasks, together.members, strict=True):
        alone = fit([Method(own)], data_for([RunSpec(1, 2)]))
        torch.testing.assert_close(member.ctx, alone.members[0].ctx)
    assert not torch.allclose(together.members[0].ctx, together.members[1].ctx)


def test_a_method_takes_the_recipe_that_it_is_given() -> None:
    method = Method(recipe="coop[n_ctx=3,lr=0.01]")
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(method, data_for([RunSpec(1, 2)], epochs=1))
    assert method.ctx.shape[1] == 3 and method.task.recipe.lr == 0.01


def test_the_trainer_steps_with_the_schedule() -> None:
    rates = []

    class Watch(lightning.Callback):
        def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    method = Method(task([1]))
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, callbacks=[Watch()],
    )  # fmt: skip
    trainer.fit(method, data_for([RunSpec(1, 2)]))
    assert rates == pytest.approx([method.lr(epoch) for epoch in range(3)])
    assert rates[0] == 1e-5


def test_a_method_trains_alone_under_a_bare_trainer_as_in_a_pack() -> None:
    alone = Method(task([1]))
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(alone, data_for([RunSpec(1, 2)]))
    fused = fit([Method(task([1]))], data_for([RunSpec(1, 2)]))
    torch.testing.assert_close(alone.ctx, fused.members[0].ctx)


@pytest.mark.parametrize(
    ("method", "dataset", "text"),
    [
        ("kgcoop", "dtd", "a photo of a banded, a type of texture."),
        ("kgcoop", "oxford_pets", "a photo of a banded, a type of pet."),
        ("prograd", "oxford_pets", "a type of pet, a photo of a banded."),
        ("prograd", "dtd[template=a picture of {}]", "a picture of banded"),
    ],
)
def test_teachers_are_told_the_released_texts_of_their_recipe(
    method: str, dataset: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that is asked for with the data set stays."""
    place, texts = dataset.partition("[")[0], []
    template = import_module(f"datamodules.datasets.{place}").TEMPLATE
    own = replace(
        task([1]), classes=["banded"], template="a picture of {}" if "[" in dataset else template,
        recipe=replace(recipe(method).at(method, dataset), n_ctx=4),
    )  # fmt: skip
    encode = type(own.backbone).encode_text
    monkeypatch.setattr(
        type(own.backbone),
        "encode_text",
        lambda self, given, unit=True: texts.extend(given) or encode(self, given, unit),
    )
    import_module(f"methods.{method}").Method(own)
    assert texts == [text]
