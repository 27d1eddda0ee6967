"""Papers as data: every file reads, multiplies to runs, and meets the numbers that are kept."""

from functools import cache
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.plan.paper_runs import cells, quick
from benchmark.published import protocols
from benchmark.published.papers import published, reported
from datamodules import catalog
from methods import recipes

PAPERS = protocols.known()


def test_the_papers_are_known() -> None:
    assert {"coop", "gda", "grip", "joapr", "nlprompt", "ptnl", "tecoprompt", "tip_adapter"} <= set(PAPERS)


@pytest.mark.parametrize("name", ["gda", "tip_adapter"])
def test_every_cell_of_11_data_sets_and_5_shots_has_its_number(name: str) -> None:
    (file,) = protocols.paper(name).theirs
    numbers = [other for other in published() if other.file == file]
    points = protocols.paper(name).points
    assert len({(p.dataset, p.shots) for p in points}) == 55
    for point in points:
        own = [n for n in numbers if (n.method, n.dataset) == (point.label, point.dataset)]
        assert len([n for n in own if n.shots in (point.shots, None)]) == 1


def test_residuals_are_twice_as_large_on_flowers() -> None:
    methods = {cell.point.dataset: cell.runs[0].method for cell in cells(protocols.paper("task_res"), ["task_res"])}
    assert methods["oxford_flowers"] == "task_res[alpha=1]" and methods["dtd"] == "task_res"


@pytest.mark.parametrize("name", PAPERS)
def test_every_cell_of_a_paper_has_a_run_for_each_seed_under_its_recipe(name: str) -> None:
    paper = protocols.paper(name)
    assert paper.title and paper.source and paper.notes
    for cell in cells(paper):
        assert [run.seed for run in cell.runs] == list(cell.point.seeds)
        assert cell.point.dataset in catalog.known()
        assert {run.recipe for run in cell.runs} == {cell.point.recipe} <= set(recipes.known())


@pytest.mark.parametrize("name", ["nlprompt", "tecoprompt"])
def test_a_paper_has_a_cell_for_every_number_of_its_own_methods(name: str) -> None:
    paper = protocols.paper(name)
    there = {(p.label, p.dataset, p.noise, p.rate) for p in paper.points}
    datasets = {point.dataset for point in paper.points}
    theirs = {
        (other.method, other.dataset, other.noise, other.rate)
        for other in published()
        if other.file in paper.theirs
        and other.dataset in datasets
        and (other.method != "tecoprompt" or name == other.method)
    }
    assert theirs <= there
    assert len(there - theirs) <= (14 if name == "nlprompt" else 0)


def test_grip_has_a_cell_for_every_number() -> None:
    paper = protocols.paper("grip")
    there = {(p.label, p.dataset, "fewshot" if p.paradigm == "ul" else p.paradigm) for p in paper.points}
    theirs = {(other.method, other.dataset, other.paradigm) for other in published() if other.file == "grip.csv"}
    assert theirs <= there
    assert {label.partition("[")[0] for label, _, _ in there - theirs} == {"fpl", "ifpl"}, (
        "its README has none of these"
    )


@cache
def joapr_cells(name: str) -> dict[tuple[str, str, float], list[str]]:
    """The methods of JoAPR's cells in a paper, by data set, kind of noise and rate."""
    found: dict[tuple[str, str, float], list[str]] = {}
    for cell in cells(protocols.paper(name), ["joapr"]):
        point = cell.point
        found.setdefault((point.dataset, point.noise, point.rate), []).append(cell.runs[0].method)
    return found


def joapr(name: str, dataset: str, noise: str, rate: float) -> str:
    (method,) = joapr_cells(name)[dataset, noise, rate]
    return method


@pytest.mark.parametrize(
    ("symmetric", "pair", "name"), [("balanced", "balanced_pair", "joapr"), ("symmetric", "asymmetric", "nlprompt")]
)
def test_joaprs_settings_are_those_of_its_table_by_data_set_kind_and_rate(symmetric: str, pair: str, name: str) -> None:
    assert joapr(name, "caltech101", symmetric, 0.75) == "joapr[alpha2=0.5]"
    assert joapr(name, "stanford_cars", pair, 0.5) == "joapr"
    assert joapr(name, "oxford_flowers", symmetric, 0.625) == "joapr[warmup=20]"
    assert joapr(name, "oxford_flowers", symmetric, 0.75) == "joapr"
    assert joapr(name, "oxford_flowers", pair, 0.5) == "joapr"
    assert joapr(name, "ucf101", pair, 0.25) == "joapr[warmup=20]"
    assert joapr(name, "eurosat", symmetric, 0.375) == "joapr[alpha1=0.2,warmup=10]"
    assert joapr(name, "eurosat", pair, 0.5) == "joapr[alpha1=0.2,warmup=10]"
    assert joapr(name, "eurosat", symmetric, 0.5) == "joapr[alpha1=0.2]"
    assert joapr(name, "eurosat", pair, 0.75) == "joapr[alpha1=0.1]"
    assert joapr(name, "dtd", symmetric, 0.75) == "joapr[alpha1=0.2]"
    assert joapr(name, "dtd", pair, 0.75) == "joapr[alpha1=0.1]"


def test_joapr_warms_up_longest_on_aircraft() -> None:
    assert joapr("joapr", "fgvc_aircraft", "balanced", 0.5) == "joapr[alpha1=0.1,warmup=150]"
    assert joapr("joapr", "fgvc_aircraft", "balanced_pair", 0.75) == "joapr[warmup=150]"


def test_grips_prompts_have_no_full_stop_and_its_templates_neither() -> None:
    by_label = {cell.point.label: cell.runs[0] for cell in cells(protocols.paper("grip"))}
    assert by_label["grip"].method == "grip[full_stop=False]"
    assert by_label["grip[modality=multimodal]"].method == "grip[full_stop=False,modality=multimodal]"
    assert by_label["grip[modality=visual]"].method == "grip[modality=visual]"
    assert {run.dataset.partition("[")[2] for run in by_label.values()} == {"template=a photo of a {}]"}


def test_quick_takes_the_first_data_set_that_is_there_and_the_first_seed() -> None:
    all_of_it = cells(protocols.paper("joapr"))
    some = quick(all_of_it, {"caltech101"})
    assert {(run.dataset, run.seed) for cell in some for run in cell.runs} == {("dtd", 1)}
    assert len(some) == 24
    everything_is_missing = {point.dataset for point in protocols.paper("joapr").points}
    assert quick(all_of_it, everything_is_missing)[0].point.dataset == "caltech101"


def test_an_unknown_paper_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="unknown paper 'nlpromt': did you mean 'nlprompt'"):
        protocols.paper("nlpromt")


def test_a_file_that_sets_what_there_is_not_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "FOLDER", tmp_path)
    (tmp_path / "new.toml").write_text('title = "x"\nsource = "y"\nseed = [1]\n[[grid]]\n')
    with pytest.raises(BadInput, match="there is no 'seed'; did you mean 'seeds'"):
        protocols.paper("new")


def test_coop_s_shared_contexts_have_a_number_for_every_data_set_and_shots() -> None:
    numbers = [other for other in published() if other.file == "coop.csv"]
    for point in protocols.paper("coop").points:
        if point.label == "coop":
            own = [n for n in numbers if (n.dataset, n.shots) == (point.dataset, point.shots)]
            assert {n.epochs for n in own} == {recipes.recipe("coop").epochs(point.dataset, point.shots)}


@pytest.mark.parametrize(("shots", "mean"), [(None, 65.1), (1, 72.5), (4, 77.4), (16, 83.0)])
def test_clip_lora_s_numbers_have_the_mean_that_is_printed_beside_them(shots: int | None, mean: float) -> None:
    own = [other.accuracy for other in published() if other.file == "clip_lora.csv" and other.shots == shots]
    assert len(own) == 11 and sum(own) / 11 == pytest.approx(mean, abs=0.06)


def test_what_na_mvp_s_tables_compare_it_with_stands_beside_their_numbers() -> None:
    paper = protocols.paper("na_mvp")
    assert all(reported(point, paper.theirs) for point in paper.points)


@pytest.mark.parametrize("name", ["cocoop", "kgcoop", "maple"])
def test_prompts_without_tables_of_all_classes_have_what_clip_lora_ran(name: str) -> None:
    paper = protocols.paper(name)
    assert len(paper.points) == 8 and all(reported(point, paper.theirs) for point in paper.points)


def test_every_other_method_of_clip_lora_s_table_has_its_number_at_four_shots() -> None:
    paper = protocols.paper("clip_lora")
    others = [point for point in paper.points if point.label not in ("clip_lora", "zero_shot")]
    assert len(others) == 72 and all(reported(point, paper.theirs) for point in others)
