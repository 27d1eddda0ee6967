"""Classes that are only named: out of the softmax while plain methods train, told apart in the test."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.__main__ import main
from benchmark.plan.options import Options
from benchmark.plan.packs import packs
from datamodules import noise
from datamodules.datamodule import NoisyFewShot
from datamodules.datasets import digits
from datamodules.errors import DataError
from datamodules.run_spec import RunSpec
from methods import fpl
from methods.core.base import BaseMethod
from methods.core.given import GivenImages
from tests.support import toy

SEEDS = (3, 4)


def trained(name: str, rate: float = 0.5) -> tuple[BaseMethod, NoisyFewShot]:
    data = toy.data_for([RunSpec(seed, 4, "symmetric", rate, "trzsl") for seed in SEEDS], 1)
    method: BaseMethod = import_module(f"methods.{name}").Method(toy.task(SEEDS, 1))
    toy.fit([method], data, 1)
    return method, data


def test_transport_gives_nothing_to_classes_that_are_only_named() -> None:
    method, data = trained("nlprompt")
    plan = method.transport(GivenImages.of(data, method.rows))
    for row in range(len(SEEDS)):
        sums = plan[row].sum(0)
        expected = torch.zeros(6, dtype=sums.dtype).index_fill(0, data.seen(row), 1 / 3)
        torch.testing.assert_close(sums, expected, atol=1e-3, rtol=0)


def test_self_training_tells_all_classes_apart() -> None:
    data = toy.data_for([RunSpec(seed, 4, paradigm="trzsl") for seed in SEEDS], 1)
    method = fpl.Method(toy.task(SEEDS, 1), k=2)
    toy.fit([method], data, 1)
    method.total_loss(data.batch(0), method.class_weights()).sum().backward()
    assert method.recorded_step is not None and method.recorded_step[0].grad is not None
    assert (method.recorded_step[0].grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize("kind", [kind for kind in noise.known() if not noise.measured(kind)])
def test_a_wrong_label_names_a_class_that_has_labels(kind: str) -> None:
    data = toy.data_for([RunSpec(seed, 4, kind, 0.5, "trzsl") for seed in SEEDS], 1)
    for row, given in enumerate(data.given):
        true = data.dataset.train.labels[given.images]
        assert 0.2 < (given.labels != true).mean() < 0.8
        assert set(given.labels.tolist()) == set(true.tolist()) == set(data.seen(row).tolist())


def test_people_s_labels_that_name_other_classes_are_refused() -> None:
    dataset = toy.toy_dataset()
    shifted = replace(dataset, given={"worse": (dataset.train.labels + 1) % 6, "fine": dataset.train.labels})
    with pytest.raises(DataError, match="names classes that trzsl leaves without labelled images"):
        assert toy.data_for([RunSpec(3, 4, "human[labels=worse]", None, "trzsl")], 1, shifted).given
    assert toy.data_for([RunSpec(3, 4, "human[labels=fine]", None, "trzsl")], 1, shifted).given


def test_runs_that_train_fewer_classes_do_not_share_a_pack_with_others() -> None:
    runs = Options(methods="coop,gce", datasets="digits", paradigm="fewshot,ssl,trzsl").grid().runs()
    made = packs(runs, 96)
    assert sorted({run.paradigm for run in pack.runs} for pack in made) == [{"fewshot", "ssl"}, {"trzsl"}]


def test_a_record_has_both_accuracies_and_their_harmonic_mean(tmp_path: Path) -> None:
    options = ["--datasets=digits", "--methods=coop,zero_shot", "--noise=0", "--seeds=1", "--epochs=1"]
    assert main(["bench", *options, "--paradigm=trzsl", f"--out={tmp_path}"]) == 0
    counts = np.bincount(digits.load().test.labels)
    seen = np.zeros(10, bool)
    seen[np.random.RandomState(1).choice(10, 6, replace=False)] = True
    for path in (tmp_path / "runs").glob("*/*.json"):
        record = json.loads(path.read_text())
        hits = np.array(record["per_class_accuracy"]) * counts
        parts = [hits[group].sum() / counts[group].sum() for group in (seen, ~seen)]
        assert [record["seen_accuracy"], record["unseen_accuracy"]] == pytest.approx(parts, abs=1e-3)
        assert record["harmonic_mean"] == pytest.approx(2 / (1 / parts[0] + 1 / parts[1]), abs=1e-3)
