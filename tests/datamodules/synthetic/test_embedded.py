"""The embedded world, its data sets, and the CLIP that was trained on it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from numpy.typing import NDArray

from benchmark.pretrain.contrastive import contrastive_loss, small_model, text_features, train
from benchmark.pretrain.embedded_accuracy import SHIPPED, accuracies
from benchmark.pretrain.recipe import Recipe
from benchmark.pretrain.vocabulary import Vocabulary, save
from datamodules.dataset import Dataset, Split
from datamodules.synthetic import captions
from datamodules.synthetic.draw import draw
from datamodules.synthetic.figures import Bank
from datamodules.synthetic.looks import Odds
from datamodules.synthetic.paint import paint
from datamodules.synthetic.rendered import ArrayImages, as_bytes, paint_split
from datamodules.synthetic.scene import COLOURS, Scenes
from datamodules.synthetic.shapes import SHAPES
from tests.support.pretraining import CONFIG, falls_and_repeats, rendered

SMALL = "6be6c0996ae059eb7c8e4a10e69f0ef9e50d6a31830c7f28048a36ce711d4bbd"
FINGERPRINTS = {
    "flipped": "986c20182e9e29ca",
    "tilted": "8d751ece1b3d3f97",
    "combos": "b7ab51a41a89ace9",
    "digits": "6b0d6d5eb30e70f1",
}


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return rendered()


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.build(np.random.default_rng(0), hands=2)


def pixels_of(split: Split) -> NDArray[np.uint8]:
    assert isinstance(split.images, ArrayImages)
    return split.images.pixels


def test_every_split_has_valid_labels_and_enough_images(datasets: dict[str, Dataset]) -> None:
    for dataset in datasets.values():
        assert dataset.val is not None
        for split in (dataset.train, dataset.val, dataset.test):
            assert len(split.images) == len(split.labels)
            assert split.images[0].size == (32, 32) and split.images[0].mode == "RGB"
            assert set(split.labels.tolist()) == set(range(len(dataset.classes)))
        assert np.bincount(dataset.train.labels).min() >= 50
        assert len(set(dataset.classes)) == len(dataset.classes)


def test_splits_share_no_image(datasets: dict[str, Dataset]) -> None:
    for dataset in datasets.values():
        assert dataset.val is not None
        seen = [
            {pixels_of(split)[i].tobytes() for i in range(len(split.labels))}
            for split in (dataset.train, dataset.val, dataset.test)
        ]
        assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_a_small_painting_has_the_bytes_it_always_had() -> None:
    split = paint_split("small", 7, ("heart", "key"), 3, lambda rng, scenes: None)
    assert isinstance(split.images, ArrayImages)
    assert split.labels.tolist() == [1, 0, 0, 1, 0, 1]
    assert split.images.fingerprint == SMALL


def test_the_data_sets_have_the_bytes_they_always_had(datasets: dict[str, Dataset]) -> None:
    for name, dataset in datasets.items():
        digest = hashlib.sha256("".join(s.images.fingerprint for s in (dataset.train, dataset.test)).encode())
        assert digest.hexdigest()[:16] == FINGERPRINTS[name], name


def test_fingerprints_tell_order_and_pixels_apart(datasets: dict[str, Dataset]) -> None:
    pixels = pixels_of(datasets["flipped"].test)[:4]
    changed = pixels.copy()
    changed[1, 5, 7, 2] ^= 1
    prints = {ArrayImages("x", len(p), p.copy).fingerprint for p in (pixels, pixels[::-1], changed)}
    assert len(prints) == 3
    assert ArrayImages("flipped test", 4, pixels.copy).describe(3) == "flipped test #3"


def test_pictures_are_painted_when_one_is_looked_at_and_painted_again_are_the_same() -> None:
    split = paint_split("small", 7, ("heart", "key"), 3, lambda rng, scenes: None)
    assert isinstance(split.images, ArrayImages)
    assert len(split.images) == 6 and "pixels" not in vars(split.images)
    assert np.array_equal(split.images.make(), split.images.pixels)


def test_flipped_shapes_stand_on_their_heads() -> None:
    def upright(rng: np.random.Generator, scenes: Scenes) -> None:
        scenes.angle[...], scenes.x[...], scenes.y[...], scenes.slant[...], scenes.wobble[...] = 0, 0, 0, 0, 0

    def flipped(rng: np.random.Generator, scenes: Scenes) -> None:
        upright(rng, scenes)
        scenes.angle[...] = 180

    first, second = (pixels_of(paint_split("", 3, ("umbrella",), 8, shift)) for shift in (upright, flipped))
    assert np.abs(first.astype(int) - second[:, ::-1, ::-1].astype(int)).max() <= 1
    assert np.abs(first.astype(int) - second.astype(int)).max() > 50


def test_captions_mention_only_what_the_picture_shows(bank: Bank) -> None:
    rng = np.random.default_rng(1)
    _, facts = draw(rng, 400, 1.0, bank, Odds(upside_down=0.2, rotated=0.2, handwritten=0.5))
    for fact in facts:
        words = captions.caption(fact, rng).replace(".", "").replace(",", "").split()
        named = {fact.name, captions.NUMERALS.get(fact.name, fact.name)}
        assert named & set(words)
        assert set(words) & set(COLOURS) <= {fact.colour, fact.ground}
        assert set(words) & set(SHAPES) <= {fact.name}
        assert "upside-down" not in words or fact.pose == "upside-down"
        assert not {"rotated", "sideways", "tilted"} & set(words) or fact.pose == "rotated"
        assert not {"handwritten", "hand", "handwriting"} & set(words) or fact.hand
        assert not {"blurry", "pixelated", "sunset"} & set(words) or fact.style in ("blurry", "pixelated", "warm")


def test_pictures_show_the_colours_of_their_facts(bank: Bank) -> None:
    rng = np.random.default_rng(2)
    scenes, facts = draw(rng, 64, 0.0, bank, Odds(digit=0))
    corners = paint(scenes, bank.figures, rng)[:, :, 0, 0].numpy()
    table = np.array(list(COLOURS.values()))
    nearest = np.linalg.norm(corners[:, None] - table, axis=-1).argmin(1)
    assert [list(COLOURS)[i] for i in nearest] == [fact.ground for fact in facts]


def test_the_vocabulary_knows_every_caption_and_agrees_with_open_clip(bank: Bank) -> None:
    rng = np.random.default_rng(3)
    _, facts = draw(rng, 200, 1.0, bank, Odds())
    texts = [captions.caption(fact, rng) for fact in facts]
    vocabulary = Vocabulary()
    compact = vocabulary.encode(texts)
    full = open_clip.SimpleTokenizer(context_length=77)(texts)[:, : compact.shape[1]]
    ends = compact.argmax(-1)
    assert torch.equal(ends, full.argmax(-1))
    for row, other, end in zip(compact.tolist(), full.tolist(), ends.tolist(), strict=True):
        assert [vocabulary.rows[token] for token in row[: end + 1]] == other[: end + 1]


def test_texts_in_groups_are_encoded_as_open_clip_encodes_them() -> None:
    vocabulary = Vocabulary()
    model = small_model(CONFIG, 0, vocabulary).eval()
    tokens = vocabulary.encode(
        ["a heart.", "as you can see, there is a red heart here", "key", "the picture of a boat", "a"]
    )
    padded = torch.nn.functional.pad(tokens, (0, 77 - tokens.shape[1]))
    assert torch.allclose(text_features(model, tokens), model.encode_text(padded, normalize=True), atol=1e-5)


def test_the_contrastive_loss_averages_both_directions() -> None:
    images, texts = (torch.randn(3, 8, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    logits = 5 * (images @ texts.T).double().numpy()
    expected = [np.log(np.exp(m[i]).sum()) - m[i, i] for m in (logits, logits.T) for i in range(3)]
    loss = contrastive_loss(images, texts, torch.tensor(5.0)).item()
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)


def test_training_reduces_the_loss_and_repeats_from_its_seed() -> None:
    vocabulary = Vocabulary()

    def losses(seed: int, steps: int) -> list[float]:
        heard: list[float] = []
        recipe = Recipe(seed=seed, steps=steps, batch=32, warmup=5, ramp=100.0, hands=1)
        train(CONFIG, recipe, vocabulary, lambda step, loss: heard.append(loss))
        return heard

    falls_and_repeats(losses, steps=60, window=10)


def test_a_saved_model_loads_by_open_clip_alone(tmp_path: Path) -> None:
    vocabulary = Vocabulary()
    model = small_model(CONFIG, 0, vocabulary).eval()
    save(model, CONFIG, vocabulary, tmp_path / "model", seed=0)
    loaded, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path / 'model'}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'model'}")
    texts = ["a picture of a heart.", "an upside-down key"]
    ours = text_features(model, vocabulary.encode(texts))
    assert torch.allclose(loaded.encode_text(tokenizer(texts), normalize=True), ours, atol=5e-3)
    assert list(preprocess.transforms[-1].mean) == [0.5, 0.5, 0.5]
    unknown = loaded.token_embedding(tokenizer(["zebra", "violin"])[:, 1])
    assert not torch.allclose(unknown[0], unknown[1])


@pytest.mark.slow  # what can change it changes the identity of the tower, which the fast tests pin
def test_the_shipped_weights_are_small_and_half_way_up_on_every_data_set(datasets: dict[str, Dataset]) -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 10_000_000
    for name, accuracy in accuracies(SHIPPED, datasets).items():
        assert 40 <= accuracy <= 70, name


def test_bytes_round_to_the_nearest_level() -> None:
    assert as_bytes(torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)).tolist() == [[[[0, 128, 255]]]]
