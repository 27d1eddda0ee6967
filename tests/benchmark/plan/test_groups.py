"""Names for several methods, data sets or seeds at once."""

from __future__ import annotations

from benchmark.plan import method_catalog
from benchmark.plan.axes import Run
from benchmark.plan.groups import method_groups
from benchmark.plan.options import Options
from datamodules import catalog


def runs_of(**options: str) -> list[Run]:
    return Options(**options).grid().runs()


def test_ranges_of_seeds_and_groups_of_methods_and_data_sets_stand_for_their_members() -> None:
    short = runs_of(methods="robust,coop", datasets="coop11,dtd", seeds="1-3,7", noise="0.5")
    assert {run.seed for run in short} == {1, 2, 3, 7}
    assert len({run.dataset for run in short}) == 11
    assert {"gce", "coop", "nlprompt"} <= {run.method for run in short} and "linear_probe" not in {
        run.method for run in short
    }
    methods, datasets = ",".join([*method_groups()["robust"], "coop"]), ",".join(catalog.groups()["coop11"])
    assert short == runs_of(methods=methods, datasets=datasets, seeds="1,2,3,7", noise="0.5")


def test_every_group_has_members_that_exist() -> None:
    assert {"gce", "em_means"} < set(method_groups()["robust"]) <= set(method_catalog.methods())
    assert {name for members in catalog.groups().values() for name in members} <= set(catalog.known())
    assert not set(catalog.groups()) & set(catalog.known()) and not {"robust", "all"} & set(method_catalog.methods())
