"""A run whose transport plan is not finite says so, and is alone in it."""

from __future__ import annotations

import torch

from benchmark.plan.axes import Run
from benchmark.run.collect import collect
from datamodules.run_spec import RunSpec
from methods import coop, nlprompt
from tests.support import toy


def test_a_plan_that_is_not_finite_is_an_error_of_its_run_alone() -> None:
    epochs, names = 2, ["nlprompt", "nlprompt[reg=1e-320]", "coop"]
    data = toy.data_for([RunSpec(1, 4, "symmetric", 0.5)] * 3, epochs)
    task = toy.task([1], epochs)
    members = [nlprompt.Method(task), nlprompt.Method(task, reg=1e-320), coop.Method(task)]
    module = toy.fit(members, data, epochs)
    runs = [Run("tiny", "toy", name, "symmetric", 0.5, 4, 1, f"embedded[epochs={epochs}]", epochs) for name in names]
    fields = [result.fields for result in collect(runs, module, data, "cpu", 1.0)]
    assert [own["status"] for own in fields] == ["ok", "diverged", "ok"]
    assert [own["hint"] for own in fields] == ["", "the transport plan of epoch 1 is not finite", ""]
    alone = toy.fit([nlprompt.Method(task)], toy.data_for([RunSpec(1, 4, "symmetric", 0.5)], epochs), epochs)
    torch.testing.assert_close(module.members[0].get_parameter("ctx"), alone.members[0].get_parameter("ctx"))


def test_a_prompt_that_is_not_finite_is_named_with_the_epoch_in_which_it_was_seen() -> None:
    data = toy.data_for([RunSpec(seed, 4) for seed in (1, 2)], 2)
    method = nlprompt.Method(toy.task([1, 2], 2))
    method.ctx.data[1] = torch.nan
    assert toy.fit([method], data, 2).diverged() == ["", "the transport plan of epoch 1 is not finite"]
