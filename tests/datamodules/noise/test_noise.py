"""What every kind of label noise promises: exact counts, nested rates, the same on every platform."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from datamodules import noise
from datamodules.errors import DataError
from tests.datamodules.noise.draws import BALANCED, EXACT, RATED, RATES, context, wrong


def test_the_folder_is_the_list_of_kinds() -> None:
    assert noise.known() == sorted([*RATED, "human", "matrix"])
    assert [kind for kind in noise.known() if noise.measured(kind)] == ["human", "matrix"]


def test_kinds_can_be_listed_and_checked_without_torch() -> None:
    code = "import sys; from datamodules import noise; noise.needs('instance'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", EXACT)
def test_exactly_int_of_rate_times_n_labels_are_wrong(kind: str, rate: float) -> None:
    ctx = context()
    noisy = noise.corrupt(kind, ctx, rate, 1)
    assert wrong(ctx, noisy).sum() == int(Fraction(str(rate)) * 112)
    assert (noisy.indices == ctx.indices).all()


def test_binary_fractions_do_not_lose_a_wrong_label() -> None:
    assert [noise.count(0.29, 100), noise.count(0.3, 10), noise.count(0.7, 10), noise.count(1 / 3, 9)] == [29, 3, 7, 3]
    assert [noise.count(0.125, 100), noise.count(0.0, 5), noise.count(1.0, 5)] == [12, 0, 5]


@pytest.mark.parametrize("kind", [*RATED, "human"])
def test_the_same_arguments_give_the_same_noise_and_leave_the_context_alone(kind: str) -> None:
    ctx = context()
    before = [np.array(part) for part in (ctx.indices, ctx.pool, ctx.logits, ctx.features)]
    rate = None if noise.measured(kind) else 0.5
    first, second = noise.corrupt(kind, ctx, rate, 1), noise.corrupt(kind, ctx, rate, 1)
    assert noise.fingerprint(first.indices, first.labels) == noise.fingerprint(second.indices, second.labels)
    for kept, now in zip(before, [ctx.indices, ctx.pool, ctx.logits, ctx.features], strict=True):
        assert np.array_equal(kept, np.array(now))


@pytest.mark.parametrize("kind", sorted(set(RATED) - {"asymmetric", "confusion", "semantic"}))
def test_another_seed_gives_other_noise(kind: str) -> None:
    ctx = context()
    first, second = noise.corrupt(kind, ctx, 0.5, 1), noise.corrupt(kind, ctx, 0.5, 2)
    assert noise.fingerprint(first.indices, first.labels) != noise.fingerprint(second.indices, second.labels)


@pytest.mark.parametrize("kind", RATED)
def test_noise_is_nested_and_an_images_wrong_label_does_not_depend_on_the_rate(kind: str) -> None:
    ctx = context()
    final = noise.corrupt(kind, ctx, 1.0, 1)
    previous = np.zeros(len(ctx.indices), dtype=bool)
    for rate in np.linspace(0, 1, 21):
        noisy = noise.corrupt(kind, ctx, float(rate), 1)
        changed = (noisy.labels != ctx.labels) | (noisy.indices != ctx.indices)
        assert (previous <= changed).all()
        assert (noisy.labels[changed] == final.labels[changed]).all()
        assert (noisy.indices[changed] == final.indices[changed]).all()
        previous = changed


@pytest.mark.parametrize("kind", RATED)
def test_rate_0_is_the_draw_itself(kind: str) -> None:
    ctx = context()
    noisy = noise.corrupt(kind, ctx, 0.0, 1)
    assert (noisy.indices == ctx.indices).all()
    assert (noisy.labels == ctx.labels).all()


@pytest.mark.parametrize("kind", [*EXACT, *BALANCED])
def test_rate_1_leaves_no_true_label(kind: str) -> None:
    ctx = context()
    assert wrong(ctx, noise.corrupt(kind, ctx, 1.0, 1)).all()


@pytest.mark.parametrize("kind", RATED)
def test_labels_are_class_numbers(kind: str) -> None:
    noisy = noise.corrupt(kind, context(), 0.8, 1)
    assert noisy.labels.dtype == np.int64
    assert set(noisy.labels.tolist()) <= set(range(7))


@pytest.mark.parametrize("kind", RATED)
def test_two_classes_are_enough(kind: str) -> None:
    ctx = context(classes=2)
    noisy = noise.corrupt(kind, ctx, 0.5, 1)
    assert (noisy.labels[wrong(ctx, noisy)] == 1 - ctx.pool[noisy.indices][wrong(ctx, noisy)]).all()
    assert wrong(ctx, noisy).sum() == 16 or kind in {"half", "instance", "uniform"}


@pytest.mark.parametrize("kind", [*RATED, "human"])
def test_one_class_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match="at least two classes"):
        noise.corrupt(kind, context(classes=1), None if kind == "human" else 0.5, 1)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), None])
def test_rates_outside_0_to_1_are_refused(rate: float) -> None:
    with pytest.raises(DataError, match=r"must lie in \[0, 1\]"):
        noise.corrupt("symmetric", context(), rate, 1)


def test_what_a_kind_needs_is_declared_and_its_absence_named() -> None:
    kinds = ["symmetric", "confusion", "instance", "semantic", "human"]
    assert [set(noise.needs(kind)) for kind in kinds] == [set(), {"logits"}, {"features"}, {"texts"}, {"given"}]
    assert [noise.needs_model(kind) for kind in kinds] == [False, True, True, True, False]
    ctx = context()
    bare = noise.Context(ctx.indices, ctx.pool, 7)
    with pytest.raises(DataError, match="needs zero-shot logits"):
        noise.corrupt("confusion", bare, 0.5, 1)
    with pytest.raises(DataError, match="needs image features"):
        noise.corrupt("instance", bare, 0.5, 1)
    with pytest.raises(DataError, match="needs class texts"):
        noise.corrupt("semantic", bare, 0.5, 1)


def test_unknown_kinds_and_options_get_the_nearest_match_and_the_list() -> None:
    with pytest.raises(DataError, match=r"'symetric': did you mean 'symmetric'\? known: asymmetric, balanced"):
        noise.parse("symetric")
    with pytest.raises(DataError, match=r"'symmetric' has no option 'q'; it has: none"):
        noise.parse("symmetric[q=1]")
    with pytest.raises(DataError, match="'human' has no option 'label'; it has: labels"):
        noise.parse("human[label=worse]")
    with pytest.raises(DataError, match="'worse' is not written as option=value"):
        noise.parse("human[worse]")
    with pytest.raises(DataError, match="not written as name"):
        noise.parse("human[labels=worse")
    assert noise.parse("human[labels=worse]") == ("human", {"labels": "worse"})


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    assert noise.fingerprint(np.array([1, 2, 3]))[:12] == "6992517b5759"
    assert noise.fingerprint(np.array([1, 2])) != noise.fingerprint(np.array([1, 2, 3])[:1], np.array([2]))
