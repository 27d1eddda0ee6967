"""Everything that is made of a results folder."""

import json
from pathlib import Path

import pytest

from benchmark.analysis.results import Results
from benchmark.errors import BadInput
from benchmark.outputs import MANIFEST, Outputs
from benchmark.records.store import Store
from benchmark.report import make as report
from benchmark.report import table_files
from benchmark.report.file_names import TABLES, table_file
from datamodules import atomic
from tests.support.records_factory import fill, result, run


@pytest.fixture
def empty_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are laid out and not drawn, where only their places matter."""
    monkeypatch.setattr(
        "benchmark.report.pictures.campaign_pictures.render", lambda figure, for_paper: {"png": b"", "svg": b""}
    )


def files(folder: Path) -> dict[Path, bytes]:
    found = (
        path for path in folder.rglob("*") if path.is_file() and "runs" not in path.parts and path.name != MANIFEST
    )
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
    assert steps == ["records", "tables", "page", "pictures"]
    report.make(tmp_path)
    assert files(tmp_path) == first


@pytest.mark.usefixtures("empty_pictures")
def test_a_picture_that_the_records_no_longer_give_goes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result())
    store.write(run(noise="uniform"), result())
    report.make(tmp_path)
    stale = tmp_path / "plots" / "accuracy-uniform.png"
    assert stale.exists()
    store.path(run(noise="uniform")).unlink()
    report.make(tmp_path)
    assert not stale.exists()


@pytest.mark.usefixtures("empty_pictures")
def test_files_of_others_stay_and_none_is_replaced(tmp_path: Path) -> None:
    Store(tmp_path).write(run(), result())
    mine = [tmp_path / name for name in ("plots/figure.pdf", "plots/sub/data.csv", "tables/mine.csv", "notes.txt")]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    for _ in range(2):
        report.make(tmp_path)
    assert [path.read_text() for path in mine] == ["mine"] * 4
    other = tmp_path / "other"
    Store(other).write(run(), result())
    (other / "statistics.md").write_text("mine")
    with pytest.raises(BadInput, match=r"statistics\.md was not written by promptnoise"):
        report.make(other)
    assert (other / "statistics.md").read_text() == "mine"


@pytest.mark.usefixtures("empty_pictures")
def test_a_folder_in_the_place_of_a_file_and_a_link_out_of_the_folder_are_told_in_one_line(tmp_path: Path) -> None:
    for name, place in (("a", "leaderboard.md"), ("b", "plots")):
        out, elsewhere = tmp_path / name, tmp_path / f"{name}-elsewhere"
        Store(out).write(run(), result())
        elsewhere.mkdir()
        (elsewhere / "accuracy-symmetric.png").write_text("mine")
        (out / place).symlink_to(elsewhere)
        with pytest.raises(BadInput, match="move it away"):
            report.make(out)
        assert [path.read_text() for path in elsewhere.iterdir()] == ["mine"]


@pytest.mark.usefixtures("empty_pictures")
@pytest.mark.parametrize("listed", [["../mine.txt", "runs/mine.txt", "/mine.txt", "plots/../../mine.txt", 7, ""], 7])
def test_a_manifest_from_elsewhere_removes_nothing_outside_of_our_folders(tmp_path: Path, listed: object) -> None:
    out = tmp_path / "out"
    Store(out).write(run(), result())
    mine = [tmp_path / "mine.txt", out / "runs" / "mine.txt"]
    for path in mine:
        path.write_text("mine")
    (out / MANIFEST).write_text(json.dumps({"files": listed}))
    report.make(out)
    assert [path.read_text() for path in mine] == ["mine"] * 2


def test_the_names_of_tables_are_known_before_there_are_any(tmp_path: Path) -> None:
    names = ("digits", "folder:/a/b")
    for name in names:
        Store(tmp_path).write(run(dataset=name), result())
    texts = table_files.texts(Results.of(Store(tmp_path).load().records).board)
    assert set(texts) == {*TABLES, *map(table_file, names)}


def test_what_stands_in_the_place_of_a_table_is_seen_before_it_is_written(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path, "report")
    outputs.write({"leaderboard.csv": "ours"})
    (tmp_path / "summary.csv").write_text("mine")
    outputs.check(["leaderboard.csv", "tables/digits.csv"])
    with pytest.raises(BadInput, match=r"summary\.csv was not written by promptnoise"):
        outputs.check(TABLES)


def test_two_that_write_at_once_take_each_others_files_for_ours(tmp_path: Path) -> None:
    first, second = Outputs(tmp_path, "report"), Outputs(tmp_path, "report")
    first.write({"leaderboard.csv": "one", "summary.csv": "one"})
    second.write({"leaderboard.csv": "two"})
    assert (tmp_path / "leaderboard.csv").read_text() == "two"
    assert Outputs(tmp_path, "report").before == {"leaderboard.csv", "summary.csv"}


@pytest.mark.usefixtures("empty_pictures")
def test_a_file_that_a_killed_report_left_is_replaced_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.write(run(), result(70.0))
    real, left = atomic.write, [4]

    def write(path: Path, content: str | bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr(atomic, "write", write)
    with pytest.raises(OSError, match="No space left"):
        report.make(tmp_path)
    monkeypatch.undo()
    store.write(run(), result(60.0))
    report.make(tmp_path)
    assert "60.00" in (tmp_path / "leaderboard.csv").read_text()


@pytest.mark.usefixtures("empty_pictures")
def test_files_that_are_left_out_are_named_and_an_empty_folder_makes_an_empty_report(tmp_path: Path) -> None:
    stray = tmp_path / "runs" / "flipped" / "stray.json"
    stray.parent.mkdir(parents=True)
    stray.write_text("{")
    made = report.make(tmp_path)
    assert made.problems == (f"{stray} is left out: it is truncated or not JSON",)
    assert "no runs can be paired" in (tmp_path / "statistics.md").read_text()


@pytest.mark.usefixtures("empty_pictures")
def test_tables_of_an_earlier_version_are_kept_where_this_one_can_use_no_record(tmp_path: Path) -> None:
    file = Store(tmp_path).write(run(), result(60.0))
    report.make(tmp_path)
    before = (tmp_path / "leaderboard.csv").read_text()
    file.write_text("{")
    with pytest.raises(
        BadInput, match=r"tables of .* are kept, as no record can be used: .* is left out: it is truncated"
    ):
        report.make(tmp_path)
    assert (tmp_path / "leaderboard.csv").read_text() == before


def test_what_is_published_as_the_reference_has_tables_and_pictures_but_no_records(tmp_path: Path) -> None:
    fill(tmp_path / "out", rates=(0.5,), seeds=(1,), datasets={"digits": 57.0})
    reference = tmp_path / "reference"
    Outputs(reference, "report").write({"tables/old.csv": "goes"})
    (reference / "README.md").write_text("kept")
    report.publish(tmp_path / "out", reference)
    names = {path.as_posix() for path in files(reference)}
    assert {"README.md", "leaderboard.csv", "tables/digits.csv", "plots/heatmap-symmetric.png"} <= names
    assert not {"tables/old.csv", "report.html"} & names
    assert not (reference / "runs").exists()
