"""Everything that is made of a results folder."""

from pathlib import Path

from benchmark.records.store import Store
from benchmark.report import make as report
from tests.support.records_factory import fill, result, run


def files(folder: Path) -> dict[Path, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "runs" not in path.parts)
    return {path.relative_to(folder): path.read_bytes() for path in found}


def test_a_report_is_made_from_the_records_alone_and_making_it_again_changes_nothing(tmp_path: Path) -> None:
    steps: list[str] = []
    fill(tmp_path, rates=(0.0, 0.5), seeds=(1,), datasets={"flipped": 66.0})
    made = report.make(tmp_path, step=steps.append)
    first = files(tmp_path)
    names = {path.as_posix() for path in first}
    assert {"leaderboard.csv", "summary.csv", "leaderboard.md", "leaderboard.tex", "statistics.csv", "statistics.md",
            "published.csv", "report.html", "tables/flipped.csv", "plots/accuracy-symmetric.svg"} <= names  # fmt: skip
    assert {path.relative_to(tmp_path) for path in made.files} == set(first)
    assert made.problems == ()
    assert steps == ["records", "tables", "statistics", "page", "pictures"]
    report.make(tmp_path)
    assert files(tmp_path) == first


def test_a_picture_that_the_records_no_longer_give_goes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result())
    (tmp_path / "plots").mkdir()
    stale = tmp_path / "plots" / "accuracy-old.png"
    stale.write_bytes(b"old")
    report.make(tmp_path)
    assert not stale.exists()


def test_files_that_are_left_out_are_named_and_an_empty_folder_makes_an_empty_report(tmp_path: Path) -> None:
    stray = tmp_path / "runs" / "flipped" / "stray.json"
    stray.parent.mkdir(parents=True)
    stray.write_text("{")
    made = report.make(tmp_path)
    assert made.problems == (f"{stray} is left out: it is truncated or not JSON",)
    assert "no runs can be paired" in (tmp_path / "statistics.md").read_text()


def test_what_is_published_as_the_reference_has_tables_and_pictures_but_no_records(tmp_path: Path) -> None:
    fill(tmp_path / "out", rates=(0.5,), seeds=(1,), datasets={"digits": 57.0})
    reference = tmp_path / "reference"
    (reference / "tables").mkdir(parents=True)
    (reference / "README.md").write_text("kept")
    (reference / "tables" / "old.csv").write_text("goes")
    report.publish(tmp_path / "out", reference)
    names = {path.as_posix() for path in files(reference)}
    assert {"README.md", "leaderboard.csv", "tables/digits.csv", "plots/heatmap-symmetric.png"} <= names
    assert not {"tables/old.csv", "report.html"} & names
    assert not (reference / "runs").exists()
