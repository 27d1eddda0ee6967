"""Leaderboard and tables, to the byte."""

import re
from itertools import product
from pathlib import Path

import pytest

from benchmark import PROTOCOL
from benchmark.analysis.by_method import summary
from benchmark.analysis.columns import to_csv
from benchmark.analysis.leaderboard import from_csv, leaderboard
from benchmark.analysis.results import Results
from benchmark.plan.short_names import short_names
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report import table_files
from benchmark.report.blocks import blocks
from benchmark.report.headline import result_of
from benchmark.report.markup import markdown
from tests.support.records_factory import campaign, fill, result, run
from tests.support.terminal import shown

GOLDEN = {
    "leaderboard.csv": """\
dataset,noise,rate,epochs,shots,recipe,backbone,paradigm,method,labels,mean,std,seeds,rank,diverged,collapsed,realised,protocol
digits,symmetric,0,10,16,embedded,embedded,fewshot,coop,given,70.50,0.71,2,1,0,0,0.0000,PROTOCOL
digits,symmetric,0,10,16,embedded,embedded,fewshot,gce[q=0.5],given,70.50,0.71,2,1,0,0,0.0000,PROTOCOL
digits,symmetric,0,10,16,embedded,embedded,fewshot,zero_shot,none,57.00,,1,3,0,0,0.0000,PROTOCOL
digits,symmetric,0.5,10,16,embedded,embedded,fewshot,coop,given,57.00,0.00,2,1,0,0,0.5000,PROTOCOL
digits,symmetric,0.5,10,16,embedded,embedded,fewshot,zero_shot,none,57.00,,1,1,0,0,,PROTOCOL
flipped,symmetric,0,10,16,embedded,embedded,fewshot,coop,given,81.00,1.41,2,1,0,0,0.0000,PROTOCOL
flipped,symmetric,0,10,16,embedded,embedded,fewshot,gce[q=0.5],given,80.00,0.00,2,2,0,0,0.0000,PROTOCOL
flipped,symmetric,0,10,16,embedded,embedded,fewshot,zero_shot,none,66.00,,1,3,0,0,0.0000,PROTOCOL
flipped,symmetric,0.5,10,16,embedded,embedded,fewshot,coop,given,42.00,2.83,2,3,0,0,0.5000,PROTOCOL
flipped,symmetric,0.5,10,16,embedded,embedded,fewshot,gce[q=0.5],given,78.50,0.71,2,1,0,0,0.5000,PROTOCOL
flipped,symmetric,0.5,10,16,embedded,embedded,fewshot,zero_shot,none,66.00,,1,2,0,0,,PROTOCOL
""".replace("PROTOCOL", str(PROTOCOL)),
    "summary.csv": """\
noise,shots,recipe,backbone,paradigm,method,datasets,cells,missing,mean,mean_clean,mean_noisiest,noisiest_rate,\
average_rank,worst_drop,worst_drop_dataset
symmetric,16,embedded,embedded,fewshot,gce[q=0.5],2,3,1,76.33,75.25,78.50,0.5,1.33,1.50,flipped
symmetric,16,embedded,embedded,fewshot,coop,2,4,0,62.62,75.75,49.50,0.5,1.50,39.00,flipped
symmetric,16,embedded,embedded,fewshot,zero_shot,2,4,0,61.50,61.50,61.50,0.5,2.25,0.00,digits
""",
    "tables/digits.csv": """\
noise,shots,recipe,backbone,paradigm,method,0,0.5
symmetric,16,embedded,embedded,fewshot,zero_shot,57.00,57.00
symmetric,16,embedded,embedded,fewshot,gce[q=0.5],70.50,
symmetric,16,embedded,embedded,fewshot,coop,70.50,57.00
""",
    "leaderboard.md": """\
## digits: symmetric noise, embedded, 16 shots, recipe embedded, 10 epochs

| method | 0 | 0.5 |
| :-- | --: | --: |
| zero-shot CLIP | <u>57.00</u> | **57.00** |
| PromptGCE[q=0.5] | **70.50** ± 0.71 | - |
| CoOp | **70.50** ± 0.71 | **57.00** ± 0.00 |

## flipped: symmetric noise, embedded, 16 shots, recipe embedded, 10 epochs

| method | 0 | 0.5 |
| :-- | --: | --: |
| zero-shot CLIP | 66.00 | <u>66.00</u> |
| PromptGCE[q=0.5] | <u>80.00</u> ± 0.00 | **78.50** ± 0.71 |
| CoOp | **81.00** ± 1.41 | 42.00 ± 2.83 |

## mean of 2 data sets: symmetric noise, embedded, 16 shots, recipe embedded, 10 epochs

| method | 0 | 0.5 |
| :-- | --: | --: |
| zero-shot CLIP | 61.50 | **61.50** |
| PromptGCE[q=0.5] | <u>75.25</u> | - |
| CoOp | **75.75** | <u>49.50</u> |
""",
}


def test_the_tables_of_known_records_are_these(store: Store, records: list[Record]) -> None:
    table_files.write_all(Results.of(records), store.out)
    for name, text in GOLDEN.items():
        assert (store.out / name).read_text(encoding="utf-8") == text, name


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        out = tmp_path / name
        store = Store(out)
        for work, outcome in list(campaign(seeds=(1, 2)))[:: -1 if name == "a" else 1]:
            store.write(work, outcome)
        records = store.load().records
        table_files.write_all(Results.of(records[:: -1 if name == "a" else 1]), out)
        files = (path for path in out.rglob("*") if path.suffix in {".csv", ".md", ".tex"})
        written.append({path.relative_to(out): path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert len(written[0]) == 3 + 3


def test_a_measured_noise_rate_has_a_column_of_its_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="human", rate=None), result(70.0))
    store.write(run("zero_shot", noise="none", rate=0.0, paradigm="ul"), result(66.0))
    (block,) = blocks(leaderboard(store.load().records))
    assert block.columns == ("0", "measured")
    assert block.cells["zero_shot", "measured"].mean == 66.0
    board = leaderboard(store.load().records)
    assert to_csv(from_csv(to_csv(board))) == to_csv(board)


def human(out: Path) -> list[Record]:
    """Human labels on two data sets in folders, at 17.2 and 40.625 % wrong labels."""
    store = Store(out)
    for dataset, realised in (("folder:/data/a/long/way/down/pets", 0.172), ("folder:/data/x[name=Cars]", 0.40625)):
        for method, clean, noisy in (("coop", 70.0, 50.0), ("upl[loss=gce,select=random]", 60.0, None)):
            for seed in (1, 2):
                paradigm = "ul" if noisy is None else "fewshot"
                store.write(run(method, dataset, "none", 0.0, seed, paradigm=paradigm), result(clean + seed))
                if noisy is not None:
                    share = {"realised": realised, "wrong": 1, "images": 80}
                    work = run(method, dataset, "human[labels=worse]", None, seed)
                    store.write(work, result(noisy + seed, work, noise=share))
    return store.load().records


def test_human_noise_shows_its_measured_rate_and_its_drop_and_folders_have_short_names(tmp_path: Path) -> None:
    records = human(tmp_path)
    one, other, mean = blocks(leaderboard(records))
    assert [block.name for block in (one, other, mean)] == ["pets", "Cars", "mean of 2 data sets"]
    assert [block.drop("coop") for block in (one, other, mean)] == [20.0] * 3
    assert [block.heading("measured") for block in (one, other)] == ["0.172 (measured)", "0.406 (measured)"]
    assert "| method | 0 | 0.406 (measured) |" in markdown(other)
    assert result_of(other).startswith(
        "CoOp ranks best: 51.5 % with 40.6 % wrong labels, 20.0 points less than without"
    )
    (row,) = (row for row in summary(leaderboard(records)).itertuples() if row.method == "coop")
    assert (row.mean_noisiest, row.worst_drop) == (51.5, 20.0) and row.noisiest_rate == pytest.approx(
        (0.172 + 0.40625) / 2
    )
    lines = shown(records, width=80).splitlines()
    assert [line.split() for line in lines if line.split()[:1] in (["pets"], ["Cars"])] == [
        ["pets", "17.2", "%"],
        ["Cars", "40.6", "%"],
    ]
    assert lines[0].startswith("human (worse) noise")
    assert "/data" not in "".join(lines)


@pytest.mark.parametrize(("gap", "settled"), [(0.5, False), (9.0, True)])
def test_a_lead_within_two_standard_errors_is_no_settled_difference(tmp_path: Path, gap: float, settled: bool) -> None:
    store = Store(tmp_path)
    for dataset in ("flipped", "digits"):
        for method, lead in (("gce", gap), ("coop", 0.0)):
            for seed in (1, 2, 3):
                work = run(method, dataset, "symmetric", 0.5, seed)
                store.write(work, result(60.0 + lead + seed, work))
    *_, mean = blocks(leaderboard(store.load().records))
    assert mean.cells["gce", "0.5"].error == pytest.approx((1 / 3 * 2) ** 0.5 / 2)
    said = result_of(mean)
    assert said.startswith("PromptGCE ranks best: ") and ("no settled difference there to CoOp" not in said) == settled


def test_labels_of_an_audit_stand_beside_those_given_with_how_many_of_these_it_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for noise, rate, changed, accuracy in (("none", 0.0, 0.138, 76.0), ("human[labels=audited]", None, None, 81.0)):
        work = run("ce", "folder:/data/shop", noise, rate, 1)
        about = {"realised": changed, "wrong": None, "images": 80}
        store.write(work, result(accuracy, work, noise=about))
    records = store.load().records
    (block,) = blocks(leaderboard(records))
    assert "| method | as given (about 14 % wrong) | audited |" in markdown(block)
    assert "81.0 % with audited labels, 5.0 points more than as given" in result_of(block)
    lines = shown(records, width=80).splitlines()
    assert lines[0].startswith("labels as given and audited, ")
    assert lines[1].split() == ["labels", "as", "given", "audited", "gain"]
    assert lines[2].split() == ["shop", "about", "14", "%", "wrong"] and lines[3].split()[-1] == "5.0"


@pytest.mark.parametrize("rates", [2, 4, 12])
def test_nothing_is_clipped_at_80_columns(tmp_path: Path, rates: int) -> None:
    store = fill(tmp_path, rates=tuple(i / 16 for i in range(rates)), seeds=(1, 2))
    for rate in (i / 16 for i in range(rates)):
        store.write(run("gce[q=0.123456,something=long]", rate=rate), result(99.0))
    text = shown(store.load().records, width=80)
    assert max(len(line.rstrip()) for line in text.splitlines() if not line.startswith("accuracy in")) <= 80
    assert "…" not in text
    assert all(f" {round(100 * i / 16, 1):g} %" in text for i in range(rates))
    assert len(re.findall(r"99\.00", text)) == rates


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    names = ["folder:/a/pets", "folder:/b/pets", "folder:/c/cars", "hf:me/cars", "digits[template={}]", "digits"]
    assert short_names(names) == dict(
        zip(names, ["a/pets", "b/pets", "c/cars", "me/cars", "digits[template={}]", "digits"], strict=True)
    )


def test_without_any_noise_there_is_still_a_table(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="none", rate=0.0), result(80.0))
    (block,) = blocks(leaderboard(store.load().records))
    assert (block.noise, block.columns, block.drop("coop")) == ("none", ("0",), None)


def test_accuracy_on_seen_and_unseen_classes_stands_beside_their_harmonic_mean(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, seen in ((1, 80.0), (2, 70.0)):
        parts = {"seen_accuracy": seen, "unseen_accuracy": 50.0, "harmonic_mean": 60.0}
        store.write(run(paradigm="trzsl", seed=seed), result(65.0, **parts))
    board = leaderboard(store.load().records)
    (block,) = blocks(board)
    assert "**60.00** ± 0.00 (75.0, 50.0) |" in markdown(block)
    assert "in brackets: accuracy on seen and unseen classes" in markdown(block)
    assert "60.00 ± 0.00 (75.0, 50.0)*" in shown(store.load().records)
    text = to_csv(board)
    assert text.splitlines()[0].endswith("protocol,seen,unseen") and text.splitlines()[1].endswith(",75.00,50.00")
    assert to_csv(from_csv(text)) == text


def test_no_records_give_empty_tables_not_an_error(tmp_path: Path) -> None:
    table_files.write_all(Results.of([]), tmp_path)
    assert (tmp_path / "leaderboard.csv").read_text().count("\n") == 1
    assert list(blocks(leaderboard([]))) == []


def test_a_diverged_run_is_marked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result(4.0, status="diverged"))
    (block,) = blocks(leaderboard(store.load().records))
    assert "**4.00**†" in markdown(block)


def test_the_method_that_is_best_at_the_told_rate_is_named_beside_one_that_ranks_best_and_is_near_to_others(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    accuracies = {"ce": (70, 51, 80, 50), "coop": (60, 50, 70, 50), "gce": (55, 49, 60, 80)}
    for method, values in accuracies.items():
        for (dataset, rate), value in zip(product(("flipped", "digits"), (0.0, 0.5)), values, strict=True):
            for seed in (1, 2, 3):
                work = run(method, dataset, "symmetric", rate, seed)
                store.write(work, result(value + seed, work))
    *_, mean = blocks(leaderboard(store.load().records))
    said = result_of(mean)
    assert "; PromptGCE is best there with 66.5 %; no settled difference there to CoOp" in said
