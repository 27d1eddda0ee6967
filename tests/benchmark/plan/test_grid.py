"""The grid: every run once, under one name; packs that do not depend on what is done."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from benchmark.errors import BadInput
from benchmark.plan import method_catalog
from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.plan.options import Options
from benchmark.plan.packs import packs
from datamodules.errors import UserError
from datamodules.names import split_list

RUN = Run("embedded", "flipped", "coop", "symmetric", 0.5, 16, 1, "embedded", 10)


def runs_of(**options: str) -> list[Run]:
    return Options(**options).grid().runs()


def test_the_default_grid_has_360_runs() -> None:
    runs = Options().grid().runs()
    assert len(runs) == len(set(runs)) == 360
    per_method = {name: sum(run.method == name for run in runs) for name in ("coop", "zero_shot", "upl")}
    assert per_method == {"coop": 48, "zero_shot": 12, "upl": 12}


def test_all_stands_for_every_method_beside_variants() -> None:
    methods = {run.method for run in runs_of(methods="all,gce[q=0.5]")}
    assert methods == {*method_catalog.methods(), "gce[q=0.5]"}


def test_every_field_of_a_run_is_part_of_its_name() -> None:
    other = {"backbone": "x", "dataset": "x", "method": "x", "noise": "x", "rate": 0.1, "shots": 1, "seed": 0}
    other |= {"recipe": "coop", "epochs": 1, "paradigm": "ssl", "protocol": 0}
    keys = {replace(RUN, **{field: value}).key for field, value in other.items()}
    assert len(keys | {RUN.key}) == 12


def test_a_key_never_changes_by_itself() -> None:
    assert replace(RUN, protocol=2).key == "75902c93a74b3b88"


def test_without_wrong_labels_the_kind_of_noise_has_no_name() -> None:
    runs = runs_of(methods="coop", datasets="flipped", noise="0", noise_type="symmetric,asymmetric", seeds="1")
    assert [(run.noise, run.rate) for run in runs] == [("none", 0.0)]


def test_a_method_without_labels_runs_once_per_seed() -> None:
    runs = runs_of(methods="upl", datasets="flipped", noise="0,0.5", noise_type="symmetric,asymmetric")
    assert [(run.noise, run.paradigm, run.seed) for run in runs] == [("none", "ul", seed) for seed in (1, 2, 3)]


def test_options_in_any_order_and_defaults_are_the_same_run() -> None:
    names = "upl[loss=gce,select=random],upl[select=random,loss=gce],upl[k=16,loss=gce,select=random,q=0.70]"
    runs = runs_of(methods=names, datasets="flipped", seeds="1")
    assert [run.method for run in runs] == ["upl[loss=gce,select=random]"]


def test_long_tailed_shots_are_runs_of_their_own_and_methods_without_labels_do_not_see_them() -> None:
    paradigms = "fewshot,fewshot[imbalance=0.1],fewshot[imbalance=.10],fewshot[imbalance=1]"
    runs = runs_of(methods="zero_shot,coop", datasets="flipped", noise="0", seeds="1", paradigm=paradigms)
    assert [(run.method, run.paradigm) for run in runs] == [
        ("zero_shot", "ul"), ("coop", "fewshot"), ("coop", "fewshot[imbalance=0.1]"),
    ]  # fmt: skip


def test_human_noise_is_measured_so_it_has_no_rate() -> None:
    runs = runs_of(methods="coop", datasets="flipped", noise="0,0.25,0.5", noise_type="human[labels=worse]", seeds="1")
    assert [(run.noise, run.rate) for run in runs] == [("none", 0.0), ("human[labels=worse]", None)]


def test_packs_hold_every_run_once_and_only_what_can_share_a_pass() -> None:
    runs = runs_of(shots="1,16")
    made = packs(runs, 40)
    assert sorted(run for pack in made for run in pack.runs) == sorted(runs)
    assert all(len(pack.runs) <= 40 for pack in made)
    assert all(len({(run.dataset, run.shots) for run in pack.runs}) == 1 for pack in made)
    assert [pack.cost for pack in made] == sorted((pack.cost for pack in made), reverse=True)


def test_equal_methods_stand_side_by_side_in_a_pack() -> None:
    for pack in packs(runs_of(), 40):
        methods = [run.method for run in pack.runs]
        assert methods == sorted(methods)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": "cop"}, "unknown method 'cop': did you mean 'coop'.*known: cap, clap, .*coop"),
        ({"methods": "gce[p=1]"}, "method 'gce' has no option 'p'; .*csc, full_stop, init, n_ctx, position, q"),
        ({"methods": "gce[q=1.5]"}, "q=1.5 should be above 0 and at most 1"),
        ({"methods": "gce[q=high]"}, "q=high should be a number"),
        ({"methods": "upl[select=best]"}, "select=best should be one of confident, random"),
        ({"methods": "coop[csc=yes]"}, "csc=yes should be true or false"),
        ({"methods": "coop[n_ctx=2.5]"}, "n_ctx=2.5 should be a whole number"),
        ({"methods": "zero_shot[k=1]"}, "has no options"),
        ({"methods": "gce[q]"}, "option=value"),
        ({"methods": ""}, "no methods given"),
        ({"noise": "1.5"}, r"noise rate 1.5 lies outside \[0, 1\]"),
        ({"noise": "25,50"}, r"noise rate 25 lies outside \[0, 1\]; 25 % is 0.25"),
        ({"noise": "-0.1"}, r"outside \[0, 1\]"),
        ({"noise": "nan"}, r"outside \[0, 1\]"),
        ({"noise": "half"}, "noise: 'half' should be a number"),
        ({"noise": ","}, "no rates given"),
        ({"noise_type": "symetric"}, "unknown noise kind 'symetric': did you mean 'symmetric'"),
        ({"seeds": "1.5"}, "seeds: '1.5' should be a whole number"),
        ({"seeds": "-1"}, "seed is -1"),
        ({"seeds": "5-1"}, "seeds: '5-1' should be a range first-last"),
        ({"seeds": "1-99999999999"}, "of at most 10,000 numbers"),
        ({"shots": "0"}, "shots is 0, should be at least 1"),
        ({"paradigm": "sssl"}, "unknown paradigm 'sssl': did you mean 'ssl'"),
        ({"paradigm": "fewshot[imbalance=0]"}, "imbalance should be above 0 and at most 1; got 0"),
        ({"epochs": -1}, "epochs is -1"),
    ],
)
def test_a_bad_value_gets_one_clear_line(options: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        runs_of(**options)
    assert "\n" not in str(caught.value)


def test_a_comma_within_brackets_does_not_part_a_list() -> None:
    assert split_list("coop, gce[q=0.5,n_ctx=2],,dspt ") == ["coop", "gce[q=0.5,n_ctx=2]", "dspt"]


def test_planning_imports_no_torch() -> None:
    code = (
        "import sys; from benchmark.__main__ import main; code = main(['bench', '--dry-run', '--out=nowhere']);"
        "assert code == 0; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "360 runs, 0 done" in done.stdout


def test_an_axis_without_values_is_refused() -> None:
    with pytest.raises(BadInput, match="no seeds given"):
        Grid(["coop"], ["flipped"], [0.5], ["symmetric"], [], [16], ["embedded"]).runs()


def test_recipes_are_an_axis_with_one_spelling_each() -> None:
    runs = runs_of(datasets="digits,imagenet", methods="coop", noise="0", seeds="1", recipe="auto,coop,coop[lr=1e-2]")
    assert [(run.dataset, run.recipe, run.epochs) for run in runs] == [
        ("digits", "embedded", 10), ("imagenet", "embedded", 10), ("digits", "coop", 200), ("imagenet", "coop", 50),
        ("digits", "coop[lr=0.01]", 200), ("imagenet", "coop[lr=0.01]", 50),
    ]  # fmt: skip
    assert runs[-1].settings.lr == 0.01 and runs[0].settings.n_ctx == 4


def test_auto_with_options_is_the_backbone_s_recipe_with_them() -> None:
    grid = {"datasets": "digits", "methods": "coop", "noise": "0", "seeds": "1", "recipe": "auto[lr=0.5]"}
    runs = runs_of(**grid, backbone="embedded,RN50/openai")
    assert [run.recipe for run in runs] == ["embedded[lr=0.5]", "coop[lr=0.5]"]


def test_epochs_are_short_for_an_option_of_the_recipe() -> None:
    grid = {"datasets": "digits", "methods": "coop", "noise": "0", "seeds": "1"}
    (short,) = Options(**grid, recipe="coop", epochs=7).grid().runs()
    assert [short] == runs_of(**grid, recipe="coop[epochs=7]") and short.recipe == "coop[epochs=7]"
    with pytest.raises(UserError, match="epochs is given twice"):
        Options(**grid, recipe="coop[epochs=3]", epochs=7).grid().runs()


def test_recipes_that_train_on_the_same_batches_share_a_pack() -> None:
    same = runs_of(datasets="digits", methods="coop", noise="0", recipe="coop,coop[lr=0.01],coop[weight_decay=0]")
    assert [len(pack.runs) for pack in packs(same, 96)] == [9]
    other = runs_of(datasets="digits", methods="coop", noise="0", recipe="coop,coop[batch=8],coop[crop=none]")
    assert [len(pack.runs) for pack in packs(other, 96)] == [3, 3, 3]
