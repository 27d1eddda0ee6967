"""Which labels each kind of noise makes wrong, and what it asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from datamodules import noise
from datamodules.errors import DataError
from datamodules.fewshot import few_shot
from tests.datamodules.noise.draws import BALANCED, RATES, context, wrong


def test_symmetric_targets_are_uniform_over_the_other_classes() -> None:
    ctx = context(classes=4, shots=500, per_class=500)
    noisy = noise.corrupt("symmetric", ctx, 1.0, 1)
    for label in range(4):
        counts = np.bincount(noisy.labels[ctx.labels == label], minlength=4)
        assert counts[label] == 0
        assert np.delete(counts, label).min() > 130


def test_symmetric_flips_lie_anywhere_and_not_so_many_a_class() -> None:
    ctx = context()
    flips = wrong(ctx, noise.corrupt("symmetric", ctx, 0.5, 1))
    assert len(set(np.bincount(ctx.labels[flips], minlength=7).tolist())) > 1


def test_asymmetric_turns_each_label_into_the_next_and_the_last_into_the_first() -> None:
    ctx = context()
    noisy = noise.corrupt("asymmetric", ctx, 1.0, 1)
    assert (noisy.labels == np.where(ctx.labels == 6, 0, ctx.labels + 1)).all()


def test_symmetric_and_asymmetric_flip_the_same_images() -> None:
    ctx = context()
    first, second = (noise.corrupt(kind, ctx, 0.4, 1) for kind in ["symmetric", "asymmetric"])
    assert (wrong(ctx, first) == wrong(ctx, second)).all()


def test_confusion_takes_the_likeliest_class_after_the_true_one() -> None:
    ctx = context()
    noisy = noise.corrupt("confusion", ctx, 1.0, 1)
    assert ctx.logits is not None
    for row, label, logits in zip(noisy.labels, ctx.labels, ctx.logits, strict=True):
        ranked = sorted(range(7), key=lambda c: -logits[c])
        assert row == (ranked[1] if ranked[0] == label else ranked[0])


def test_semantic_takes_the_class_with_the_nearest_text_whatever_its_length() -> None:
    ctx = context()
    assert ctx.texts is not None
    longer = replace(ctx, texts=ctx.texts * np.linspace(1, 9, 7)[:, None])
    cosines = [[float(a @ b / np.sqrt((a @ a) * (b @ b))) for b in ctx.texts] for a in ctx.texts]
    nearest = [max((c for c in range(7) if c != own), key=lambda c: cosines[own][c]) for own in range(7)]
    for each in (ctx, longer):
        assert noise.corrupt("semantic", each, 1.0, 1).labels.tolist() == [nearest[label] for label in ctx.labels]
    flips = [wrong(ctx, noise.corrupt(kind, ctx, 0.4, 1)) for kind in ("semantic", "asymmetric")]
    assert (flips[0] == flips[1]).all()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("per_class", [16, 17, 24, 40])
@pytest.mark.parametrize("kind", BALANCED)
def test_balanced_classes_keep_their_size_and_their_share_and_reuse_no_image(
    kind: str, per_class: int, rate: float
) -> None:
    ctx = context(per_class=per_class)
    noisy = noise.corrupt(kind, ctx, rate, 1)
    assert (np.bincount(noisy.labels) == 16).all()
    assert (np.bincount(noisy.labels[wrong(ctx, noisy)], minlength=7) == int(rate * 16)).all()
    assert len(set(noisy.indices.tolist())) == len(noisy.indices)


def test_half_flips_a_fraction_of_every_second_class_alone_and_to_the_next_one() -> None:
    ctx = context()
    noisy = noise.corrupt("half", ctx, 0.3, 1)
    false = wrong(ctx, noisy)
    assert false.sum() == int(0.3 * 4 * 16)
    assert (ctx.labels[false] % 2 == 0).all()
    assert (noisy.labels[false] == (ctx.labels[false] + 1) % 7).all()


def test_balanced_pair_takes_its_false_images_from_the_next_class() -> None:
    ctx = context()
    noisy = noise.corrupt("balanced_pair", ctx, 0.5, 1)
    false = wrong(ctx, noisy)
    assert (ctx.pool[noisy.indices[false]] == (noisy.labels[false] + 1) % 7).all()


def test_balanced_takes_its_false_images_from_every_other_class() -> None:
    ctx = context(classes=4, shots=200, per_class=500)
    noisy = noise.corrupt("balanced", ctx, 1.0, 1)
    came = ctx.pool[noisy.indices]
    for label in range(4):
        counts = np.bincount(came[noisy.labels == label], minlength=4)
        assert counts[label] == 0
        assert np.delete(counts, label).min() > 45


def test_a_class_that_cannot_give_enough_images_is_refused() -> None:
    pool = np.array([0] * 16 + [1] * 4)
    with pytest.raises(DataError, match="class number 1 has no training image left"):
        noise.corrupt("balanced_pair", noise.Context(few_shot(pool, 16, 1), pool, 2), 0.5, 1)


def test_uniform_may_draw_the_true_class_so_its_realised_rate_is_lower() -> None:
    ctx = context(classes=4, shots=500, per_class=500)
    noisy = noise.corrupt("uniform", ctx, 0.5, 1)
    assert noise.realised_rate(noisy.labels, ctx.labels) == pytest.approx(0.5 * 3 / 4, abs=0.03)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.75])
def test_instance_noise_has_about_the_rate_and_follows_the_image(rate: float) -> None:
    source = np.random.default_rng(0)
    pool = np.repeat(np.arange(5), 800)
    groups = source.integers(0, 2, len(pool))
    centres = source.standard_normal((2, 32)) * 3
    features = centres[groups] + 0.1 * source.standard_normal((len(pool), 32))
    ctx = noise.Context(np.arange(len(pool)), pool, 5, features=features)
    noisy = noise.corrupt("instance", ctx, rate, 1)
    assert noise.realised_rate(noisy.labels, pool) == pytest.approx(rate, abs=0.03)
    for label in range(5):
        tables = []
        for group in range(2):
            flipped = noisy.labels[(pool == label) & (groups == group) & wrong(ctx, noisy)]
            tables.append(np.bincount(flipped, minlength=5) / max(len(flipped), 1))
            assert tables[group][label] == 0
        assert np.abs(tables[0] - tables[1]).sum() > 0.5


def groups(sizes: list[int], towards: list[int], size: int = 4) -> noise.Context:
    """Classes 0, 1, ... with groups of alike images, each of which leans towards the class `towards[group]`."""
    axes, x, labels = np.eye(16), [], []
    for group, (label, other) in enumerate(zip(sizes, towards, strict=True)):
        near = axes[label] + 0.4 * axes[other] + 0.3 * axes[8 + group]
        x.append(near + 0.01 * np.random.default_rng(group).standard_normal((size, 16)))
        labels += [label] * size
    pool = np.array(labels)
    return noise.Context(np.arange(len(pool)), pool, max(sizes) + 1, features=np.concatenate(x))


def test_cluster_noise_gives_a_group_of_alike_images_the_label_of_the_class_they_are_nearest_to() -> None:
    ctx = groups([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1])
    noisy = noise.corrupt("cluster", ctx, 1.0, 1)
    assert noisy.labels.reshape(6, 4).tolist() == [[other] * 4 for other in (1, 2, 0, 2, 0, 1)]


@pytest.mark.parametrize("rate", [1 / 6, 0.5, 5 / 6])
def test_cluster_noise_flips_whole_groups_and_the_last_one_in_part(rate: float) -> None:
    ctx = groups([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1])
    for extra in (0.0, 1 / 24):
        flips = wrong(ctx, noise.corrupt("cluster", ctx, rate + extra, 3)).reshape(6, 4).sum(1)
        assert sorted(flips.tolist(), reverse=True)[: round(6 * rate)] == [4] * round(6 * rate)
        assert flips.sum() == round(24 * (rate + extra))


def test_cluster_noise_of_size_1_flips_images_one_by_one() -> None:
    ctx = context()
    single = noise.corrupt("cluster[size=1]", ctx, 0.5, 1)
    x = ctx.features / np.linalg.norm(ctx.features, axis=1, keepdims=True)
    means = np.stack([x[ctx.labels == c].mean(0) for c in range(7)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    for row in np.flatnonzero(wrong(ctx, single)):
        nearness = [-np.inf if c == ctx.labels[row] else float(x[row] @ means[c]) for c in range(7)]
        assert single.labels[row] == int(np.argmax(nearness))
    assert noise.fingerprint(single.labels) != noise.fingerprint(noise.corrupt("cluster", ctx, 0.5, 1).labels)


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "many"])
def test_a_cluster_size_that_is_no_whole_number_from_1_is_refused_before_anything_runs(size: str) -> None:
    with pytest.raises(DataError, match=f"size should be a whole number of images, at least 1; got '{size}'"):
        noise.parse(f"cluster[size={size}]")


def test_cluster_noise_on_one_image_a_class_and_on_a_draw_of_one_class_still_has_its_rate() -> None:
    pool = np.array([0, 1, 2, 0, 0])
    features = np.random.default_rng(0).standard_normal((5, 4))
    few = noise.Context(np.arange(3), pool, 3, features=features[:3])
    assert wrong(few, noise.corrupt("cluster", few, 1.0, 1)).all()
    same = noise.Context(np.array([0, 3, 4]), pool, 3, features=features[[0, 3, 4]])
    assert noise.corrupt("cluster", same, 1.0, 1).labels.tolist() == [1, 1, 1]


def test_human_noise_is_what_the_labelling_says() -> None:
    ctx = context()
    noisy = noise.corrupt("human", ctx, None, 1)
    assert (noisy.labels == ctx.given["web"][ctx.indices]).all()
    assert 0 < noise.realised_rate(noisy.labels, ctx.labels) < 0.5


def test_human_noise_wants_a_labelling_that_exists_and_no_rate() -> None:
    ctx = context()
    several = noise.Context(ctx.indices, ctx.pool, 7, given={"worse": ctx.pool, "aggre": ctx.pool})
    with pytest.raises(DataError, match=r"choose a labelling.*worse, aggre"):
        noise.corrupt("human", several, None, 1)
    with pytest.raises(DataError, match="did you mean 'worse'"):
        noise.corrupt("human[labels=worst]", several, None, 1)
    with pytest.raises(DataError, match="measured"):
        noise.corrupt("human", ctx, 0.5, 1)
    with pytest.raises(DataError, match="needs given labels"):
        noise.corrupt("human", noise.Context(ctx.indices, ctx.pool, 7), None, 1)
    out_of_range = noise.Context(ctx.indices, ctx.pool, 7, given={"web": ctx.pool + 1})
    with pytest.raises(DataError, match=r"outside 0 \.\.\. 6"):
        noise.corrupt("human", out_of_range, None, 1)


def test_several_labellings_vote_and_a_tie_goes_to_one_of_the_classes_that_have_most() -> None:
    pool = np.zeros(3000, dtype=np.int64)
    given = {
        name: np.array(value).repeat(1000) for name, value in {"a": [1, 1, 0], "b": [1, 2, 2], "c": [2, 2, 1]}.items()
    }
    ctx = noise.Context(np.arange(3000), pool, 4, given=given)
    first, second = (noise.corrupt("human[labels=a+b+c]", ctx, None, seed).labels for seed in (1, 2))
    assert (first[:2000] == np.array([1, 2]).repeat(1000)).all()
    shares = np.bincount(first[2000:], minlength=4) / 1000
    assert shares[:3] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert not np.array_equal(first, second)


def test_a_vote_on_an_image_does_not_depend_on_which_others_are_drawn() -> None:
    source = np.random.default_rng(0)
    given = {name: source.integers(0, 5, 200) for name in "abcd"}
    whole = noise.Context(np.arange(200), np.zeros(200, dtype=np.int64), 5, given=given)
    part = replace(whole, indices=np.arange(0, 200, 7))
    votes = [noise.corrupt("human[labels=d+b+a+c]", ctx, None, 3).labels for ctx in (whole, part)]
    assert (votes[0][::7] == votes[1]).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [("a+d", "unknown labelling 'd'"), ("a+a", "'a' has one vote"), ("a+", "unknown labelling ''")],
)
def test_a_vote_of_labellings_that_are_not_there_or_named_twice_is_refused(labels: str, message: str) -> None:
    pool = np.arange(3)
    ctx = noise.Context(pool, pool, 3, given={"a": pool, "b": pool})
    with pytest.raises(DataError, match=message):
        noise.corrupt(f"human[labels={labels}]", ctx, None, 1)
