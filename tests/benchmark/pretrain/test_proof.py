"""Training the embedded CLIPs repeats byte for byte, and the command says how what it made compares."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from open_clip.model import CLIP

from benchmark.pretrain.contrastive import train
from benchmark.pretrain.distill import distill
from benchmark.pretrain.embedded_accuracy import DATASETS
from benchmark.pretrain.proof import Model, compare, repeatable
from benchmark.pretrain.recipe import Recipe
from benchmark.pretrain.vocabulary import WEIGHTS, Vocabulary, save, write
from tests.support.pretraining import CONFIG, VIT_CONFIG

RECIPE = Recipe(steps=4, batch=16, warmup=2, hands=1)
SAME = dict.fromkeys(DATASETS, 50.0)


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def make_clip(out: Path, threads: int) -> str:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with repeatable():
            vocabulary = Vocabulary()
            save(train(CONFIG, RECIPE, vocabulary), CONFIG, vocabulary, out, RECIPE.seed)
    finally:
        torch.set_num_threads(before)
    return digest(out)


def make_vit(out: Path, threads: int) -> str:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with repeatable():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(3)
                teacher = CLIP(*CONFIG["model_cfg"].values()).eval()
            write(distill(teacher, VIT_CONFIG, RECIPE).state_dict(), VIT_CONFIG, out)
    finally:
        torch.set_num_threads(before)
    return digest(out)


@pytest.mark.parametrize("make", [make_clip, make_vit], ids=["clip", "vit"])
def test_a_few_steps_give_equal_bytes_however_many_threads_were_set(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert make(tmp_path / "a", 1) == make(tmp_path / "b", 2)


def test_repeatable_restores_threads_and_algorithms() -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with repeatable():
        assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == (1, True)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Model("a", SAME), "the same bytes as the shipped weights: sha256 a"),
        (Model("b", SAME | {"tilted": 50.3}), "the same model up to rounding: every accuracy is within 0.3 points"),
        (
            Model("b", SAME | {"tilted": 49.6}),
            "another model: accuracies differ by up to 0.4 points, more than the 0.3",
        ),
    ],
    ids=["same", "close", "far"],
)
def test_the_verdict_names_equal_bytes_close_models_and_others(made: Model, words: str) -> None:
    lines = compare(Model("a", SAME), made)
    assert lines[-1].startswith(words)
    assert ("other bytes" in lines[-2]) == (made.digest != "a")


def test_without_shipped_weights_the_digest_is_printed_alone() -> None:
    assert compare(None, Model("a", SAME))[-1] == "sha256 a; there are no shipped weights to compare with"


@pytest.mark.slow
def test_the_command_makes_the_same_bytes_twice_and_says_that_they_are_not_the_shipped_ones(tmp_path: Path) -> None:
    for out, threads in (("a", "1"), ("b", "2")):
        command = [sys.executable, "-m", "benchmark.pretrain", "--steps", "20", "--out", str(tmp_path / out)]
        environment = os.environ | {"OMP_NUM_THREADS": threads}
        printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        assert printed.count("other bytes than the shipped weights") == 2
        assert printed.count("another model") == 2
    for name in ("embedded", "embedded_vit"):
        assert digest(tmp_path / "a" / name) == digest(tmp_path / "b" / name)
