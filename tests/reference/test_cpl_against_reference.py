"""CPL against a plain loop."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import cpl
from tests.reference import cpl as slow
from tests.reference.clip import PlainRun
from tests.support import toy

SEED = 1


@pytest.mark.parametrize(
    ("paradigm", "options"),
    [("ul", {"rounds": 2}), ("ssl", {"rounds": 2}), ("trzsl", {"rounds": 1, "k": 4, "alpha": 0.95, "beta": 0.2})],
    ids=["ul", "ssl", "trzsl with few"],
)
def test_rounds_of_cpl_find_candidates_and_train_as_their_slow_reading_does(
    paradigm: str, options: dict[str, Any]
) -> None:
    epochs, options = 2, {"alpha": 0.7, "beta": 0.6, **options}
    data = toy.data_for([RunSpec(SEED, 2, paradigm=paradigm)], epochs)
    method = cpl.Method(toy.task([SEED], epochs), **options)
    true = toy.toy_dataset().train.labels
    labelled = [(i, int(true[i])) for i in data.given[0].images.tolist()]
    names = {label for _, label in labelled} if paradigm == "trzsl" else set()
    unlabelled = sorted(set(range(len(true))) - {i for i, _ in labelled})
    run = PlainRun(SEED, method.ctx.detach()[0].clone(), epochs, toy.toy_dataset())
    start = run.ctx.detach().clone()
    classes = sorted(set(range(6)) - names)
    ctx, history = slow.train(run, labelled, unlabelled, classes, method.rounds, method.k, method.alpha, method.beta)
    toy.fit([method], data, method.total_epochs)
    last = history[-1]
    assert len({len(own) for own in last.values()}) > 1, "some have several candidates"
    assert set(data.sets[0].images.tolist()) == set(last) | {i for i, _ in labelled}
    for image, own in last.items():
        assert method.candidates[0, image].nonzero().flatten().tolist() == sorted(own)
    assert (ctx - start).abs().max() > 1e-3
    torch.testing.assert_close(method.ctx.detach()[0], ctx, atol=1e-4, rtol=0)
