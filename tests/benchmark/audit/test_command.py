"""An audit of a small folder of pictures, from the command line to a corrected data set and the page in a browser."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.audit.doubtful import open_doubtful
from datamodules import noise
from datamodules.catalog import open_dataset
from datamodules.datasets.digits import CLASSES, load
from tests.benchmark.audit.test_copies import drawing
from tests.support.browser import ask

PER_CLASS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three digits; two zeros lie among the sixes, two ones among the fours and so on."""
    root, split = tmp_path_factory.mktemp("digits"), load().train
    for label, name in enumerate(CLASSES[:4]):
        rows = np.flatnonzero(split.labels == label)
        for number, row in enumerate(rows[24 : 24 + PER_CLASS + 4].tolist()):
            wrong = number < 2 and label < 2
            part = "train" if number < PER_CLASS else "test"
            given = CLASSES[label + 2] if wrong else name
            path = root / part / given / f"{name}{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            split.images[row].save(path)
    return root


WRONG = {
    f"train/{CLASSES[label + 2]}/{CLASSES[label]}{number:03}.png": CLASSES[label]
    for label in (0, 1)
    for number in (0, 1)
}


@pytest.fixture(scope="module")
def audited(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert main(["audit", str(folder), f"--out={out}", "--correct=0.042", "--devices=cpu"]) == 0
    return out


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_most_suspicious_pictures_are_those_in_a_wrong_folder(audited: Path) -> None:
    rows = rows_of(audited / "labels.csv")
    assert len(rows) == 4 * PER_CLASS
    assert {row["file"]: row["suggested"] for row in rows[:4]} == WRONG
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    chances = [float(row["p_wrong"]) for row in rows]
    assert chances == sorted(chances, reverse=True) and 0 <= chances[-1] <= chances[0] <= 1


def test_the_other_files_agree_with_one_another(audited: Path) -> None:
    summary = json.loads((audited / "summary.json").read_text())
    low, high = summary["wrong_share_interval"]
    assert low <= summary["wrong_share"] <= high
    probabilities = np.load(audited / "pred_probs.npy")
    assert probabilities.shape == (4 * PER_CLASS, 4)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    confusion = rows_of(audited / "confusion.csv")
    assert [row["true"] for row in confusion] == sorted(CLASSES[:4])
    total = sum(float(value) for row in confusion for name, value in row.items() if name != "true")
    assert total == pytest.approx(1, abs=1e-4)


def test_bench_reads_the_corrected_table_as_a_labelling(audited: Path, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert open_dataset(f"folder:{copy}").has_clean_labels
    shutil.copy(audited / "audited.csv", copy)
    dataset = open_dataset(f"folder:{copy}")
    assert not dataset.has_clean_labels, "its folders are no longer taken for the truth"
    context = noise.Context(np.arange(len(dataset.train.labels)), dataset.train.labels, 4, given=dataset.given)
    labels = noise.corrupt("human[labels=audited]", context, None, 1).labels
    changed = {
        dataset.train.images.describe(row).split("/train/")[1] for row in np.flatnonzero(labels != dataset.train.labels)
    }
    assert changed == {file.removeprefix("train/") for file in WRONG}
    words = ["bench", "--methods=ce", f"--datasets=folder:{copy}", "--noise_type=human[labels=audited]", "--noise=0.5"]
    words += ["--shots=4", "--seeds=1", "--epochs=1", f"--out={tmp_path / 'results'}", "--devices=cpu"]
    assert main([*words, "--wandb=disabled"]) == 0
    record = json.loads(next((tmp_path / "results" / "runs").rglob("*.json")).read_text())
    assert record["noise"]["wrong"] is None and record["noise"]["images"] == 16


def test_a_folder_without_train_is_audited_as_a_whole_and_its_table_fits_when_it_is_moved(
    folder: Path, tmp_path: Path
) -> None:
    data = open_doubtful(str(folder / "train"))
    assert data.true is None and len(data.files) == 4 * PER_CLASS and data.files[0].startswith("one/")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    lines = [f"{file},{data.values[label]}" for file, label in zip(data.files, data.given.tolist(), strict=True)]
    (copy / "audited.csv").write_text("\n".join(["file,audited_label", *lines]) + "\n")
    dataset = open_dataset(f"folder:{copy}")
    assert (dataset.given["audited"] == dataset.train.labels).all()


def test_a_table_of_files_and_labels_is_audited(folder: Path, tmp_path: Path) -> None:
    files = sorted(path.relative_to(folder) for path in (folder / "train").rglob("*.png"))
    lines = [f"{file},class {file.parent.name}" for file in files]
    table = folder / "own-table.csv"
    table.write_text("\n".join(["file,label", *lines]) + "\n")
    try:
        out = tmp_path / "out"
        assert main(["audit", str(table), f"--out={out}", "--pictures=0", "--devices=cpu"]) == 0
    finally:
        table.unlink()
    top = rows_of(out / "labels.csv")[:4]
    assert {row["file"]: row["suggested"] for row in top} == {file: f"class {name}" for file, name in WRONG.items()}
    assert not (out / "audit.html").exists()


def test_an_audit_of_known_truth_prints_how_good_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["audit", "digits", "--noise=0.25", "--shots=16", "--detector=simifeat,joint", "--pictures=5"]
    assert main([*words, f"--out={tmp_path}", "--devices=cpu"]) == 0
    printed = capsys.readouterr().out
    assert "promptnoise bench" not in printed, "nobody trains on labels of a test"
    assert "25.0% are wrong (40 labels)" in printed and "precision at 40" in printed
    row = next(line for line in printed.splitlines() if "joint" in line)
    assert float(row.split()[1]) > 90, row
    rows = rows_of(tmp_path / "labels.csv")
    suspicion = [float(row["detector_simifeat"]) for row in rows]
    assert suspicion == sorted(suspicion, reverse=True), "ranked by the detector that comes first"


def test_features_without_texts_are_audited_by_their_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    generator = np.random.default_rng(0)
    true = np.arange(60) % 3
    given = np.where(np.arange(60) < 6, (true + 1) % 3, true)
    x = generator.normal(size=(3, 16))[true] + 0.3 * generator.normal(size=(60, 16))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    held = {"class_names": np.array(["a", "b", "c"]), "test_features": x[6:].astype("f"), "test_labels": true[6:]}
    np.savez(tmp_path / "x.npz", train_features=x.astype("f"), train_labels=given, **held)
    assert main(["audit", f"features:{tmp_path}/x.npz", f"--out={tmp_path}/o", "--pictures=0", "--devices=cpu"]) == 0
    assert "no text features" in caplog.text
    table = pd.read_csv(tmp_path / "o/labels.csv")
    assert sorted(table.index[table.p_wrong > 0.5]) == list(range(6))
    assert set(table.suggested[:6]) == {"a", "b", "c"}


def test_a_folder_in_which_hardly_a_picture_can_be_read_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / "shop" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "shop" / name / f"{number}.png").write_bytes(b"no picture")
    assert main(["audit", str(tmp_path / "shop"), f"--out={tmp_path / 'out'}", "--devices=cpu"]) == 2
    assert "only 0 images can be read" in capsys.readouterr().err


def test_who_corrects_without_looking_is_told_that_a_second_audit_agrees_with_the_first(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", str(folder), f"--out={tmp_path / 'out'}", "--devices=cpu", "--pictures=0"]
    assert main([*words, "--correct=0.1"]) == 0
    told = "audited.csv follows this audit, so another audit of it finds too few wrong labels"
    assert told in capsys.readouterr().out
    assert main(words) == 0
    assert told not in capsys.readouterr().out


def test_unreadable_pictures_are_left_out_and_told_unless_that_is_not_wanted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder / "train", copy)
    (copy / "two" / "broken.png").write_bytes(b"no picture")
    (copy / "two" / "notes.txt").write_text("no picture")
    Image.new("RGB", (9, 9), "red").save(copy / "two" / "red.png")
    words = ["audit", str(copy), f"--out={tmp_path / 'out'}", "--devices=cpu", "--pictures=3"]
    assert main([*words, "--skip_bad_images=false"]) == 2
    assert "broken.png cannot be read" in capsys.readouterr().err
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "2 files left out: two/notes.txt is no picture ...; see left_out.csv" in printed
    left = {row["file"]: row["why"] for row in rows_of(tmp_path / "out" / "left_out.csv")}
    assert left == {"two/notes.txt": "is no picture", "two/broken.png": "cannot be read as a picture"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["left_out"] == {"is no picture": 1, "cannot be read as a picture": 1}
    assert summary["of_one_colour"] == ["two/red.png"]
    command = f"promptnoise bench '--datasets=folder:{copy}[split=0.2]' '--noise_type=human[labels=audited]'"
    assert f"put the audited.csv that the page exports into {copy}/ and run: {command} --skip_bad_images\n" in printed
    assert f" and run: promptnoise choose {copy}/audited.csv\n" in printed
    assert all("broken" not in row["file"] for row in rows_of(tmp_path / "out" / "labels.csv"))


def test_copies_are_told_from_what_looks_alike_within_and_in_the_test_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = tmp_path / "shop", tmp_path / "out"
    for number in range(24):
        name = f"{('train', 'test')[number > 19]}/{('mug', 'lamp')[number % 2]}/{number:02}.png"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        drawing(number, (number % 2 * 200, 60, 90), 2 * number).save(root / name)
    shutil.copy(root / "train/mug/00.png", root / "train/lamp/other.png")
    shutil.copy(root / "train/mug/02.png", root / "test/mug/other.png")
    drawing(5, (200, 60, 90), 10).save(root / "train/lamp/zoom.jpg", quality=90)
    assert main(["audit", str(root), f"--out={out}", "--pictures=0", "--devices=cpu"]) == 0
    printed = capsys.readouterr().out
    assert "pairs of copies with different labels: 1 exact, 0 near (duplicates.csv)" in printed
    assert "with the same label: 0 exact, 1 near; a random split may train on one and test on the other" in printed
    assert "1 test images are copies of audited ones" in printed
    columns = ("file", "other_file", "labels", "copy", "other_is_in")
    assert [[row[name] for name in columns] for row in rows_of(out / "duplicates.csv")] == [
        ["train/lamp/other.png", "train/mug/00.png", "different", "exact", "audit"],
        ["train/mug/02.png", "test/mug/other.png", "same", "exact", "test"],
        ["train/lamp/05.png", "train/lamp/zoom.jpg", "same", "near", "audit"],
    ]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["copies_with_the_same_label"] == {"exact": 0, "near": 1}
    assert summary["copies_in_the_test_set"] == {"exact": 1, "near": 0}


STEP = """
const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
const set = (id, value) => {
  document.getElementById(id).value = value;
  document.getElementById(id).dispatchEvent(new Event("change"));
};
const cards = () => [...document.querySelectorAll(".card")];
const names = () => cards().map((card) => card.querySelector("img").alt);
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_decisions_made_by_keyboard_come_out_as_a_corrected_table(audited: Path, tmp_path: Path, width: int) -> None:
    page = (audited / "audit.html").read_text(encoding="utf-8")
    question = STEP + """
    const first = names();
    press("a"); press("r"); press("a"); press("u"); press("ArrowRight");
    const marks = cards().slice(0, 4).map((card) => card.className);
    set("show", "accepted"); const accepted = names();
    set("show", "all"); set("sort", "file"); const sorted = names();
    set("sort", "wrong"); set("given", "2");
    const filtered = cards().map((card) => card.querySelector("p").textContent);
    set("given", "");
    return {first, marks, accepted, sorted, filtered, csv: correctedCsv(), wide: document.documentElement.scrollWidth,
            count: document.getElementById("count").textContent, columns};
    """  # fmt: skip
    found = ask(page, question, tmp_path / "browser", width)
    rows = rows_of(audited / "labels.csv")
    assert found["first"][:4] == [row["file"] for row in rows[:4]]
    assert ["accepted" in mark for mark in found["marks"]] == [True, False, False, False]
    assert ["rejected" in mark for mark in found["marks"]] == [False, True, False, False]
    assert found["accepted"] == [rows[0]["file"]]
    assert found["sorted"] == sorted(found["sorted"]) != found["first"]
    assert found["filtered"] and all(text.startswith("two →") for text in found["filtered"]) is (
        sorted(CLASSES[:4])[2] == "two"
    )
    table = {row["file"]: row["audited_label"] for row in csv.DictReader(io.StringIO(found["csv"]))}
    assert {file: label for file, label in table.items() if label != file.split("/")[1]} == {
        rows[0]["file"]: rows[0]["suggested"]
    }
    assert len(table) == 4 * PER_CLASS
    assert found["wide"] <= width and found["columns"] == (2 if width == 390 else 7)
    assert found["count"].startswith(f"{4 * PER_CLASS} shown; 1 changed, 1 kept")


def test_a_page_of_ten_thousand_pictures_holds_only_those_in_view(audited: Path, tmp_path: Path) -> None:
    page = (audited / "audit.html").read_text(encoding="utf-8")
    before, rest = page.split('<script id="data" type="application/json">')
    data, rest = rest.split("</script>", 1)
    head, rest = rest.split('<script id="thumbnails" type="application/json">')
    thumbnails, rest = rest.split("</script>", 1)
    many = json.loads(data)
    times = 10_000 // len(many["files"]) + 1
    for name in ("files", "given", "suggested", "wrong"):
        many[name] = (many[name] * times)[:10_000]
    pictures = (json.loads(thumbnails) * times)[:10_000]
    large = f'{before}<script id="data" type="application/json">{json.dumps(many)}</script>{head}'
    large += f'<script id="thumbnails" type="application/json">{json.dumps(pictures)}</script>{rest}'
    question = STEP + """
    const begin = performance.now(); set("sort", "file"); const seconds = (performance.now() - begin) / 1000;
    scrollTo(0, document.body.scrollHeight); draw();
    return {count: document.getElementById("count").textContent, cards: cards().length, seconds, last: list.length};
    """  # fmt: skip
    found = ask(large, question, tmp_path / "browser")
    assert found["count"].startswith("10000 shown") and found["last"] == 10_000
    assert 0 < found["cards"] < 100
    assert found["seconds"] < 3


def test_the_corrected_table_of_a_folder_is_audited_and_chosen_from_as_it_is(audited: Path, folder: Path) -> None:
    shutil.copy(audited / "audited.csv", folder)
    try:
        data = open_doubtful(str(folder / "audited.csv"))
    finally:
        (folder / "audited.csv").unlink()
    assert {data.files[row]: data.values[data.given[row]] for row in range(len(data.files))}.items() >= WRONG.items()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_picture_is_looked_at_in_large_with_its_file_and_decided_there(
    audited: Path, tmp_path: Path, width: int
) -> None:
    page = (audited / "audit.html").read_text(encoding="utf-8")
    question = STEP + """
    const open = () => document.getElementById("look").open, words = (id) => document.getElementById(id).textContent;
    press("Enter"); const opened = open(), title = words("look-title"), about = words("about");
    const href = decodeURIComponent(document.querySelector("#about a").getAttribute("href"));
    document.getElementById("yes").click();
    const wider = (button) => button.scrollWidth > button.clientWidth;
    const cut = [...cards()[0].querySelectorAll("button")].filter(wider).map((button) => button.textContent);
    return {cut, opened, closed: open(), title, about, href, decisions: decisionsCsv(),
            wide: document.documentElement.scrollWidth, names: cards()[0].querySelector(".names").textContent};
    """  # fmt: skip
    found = ask(page, question, tmp_path / "browser", width)
    first = rows_of(audited / "labels.csv")[0]
    assert found["opened"] and not found["closed"] and found["wide"] <= width and found["cut"] == []
    assert found["title"] == found["names"] == f"{first['given']} → {first['suggested']}"
    assert found["about"] == first["file"] and (audited / found["href"]).is_file(), "a way from the page to the file"
    decisions = tmp_path / "checked.csv"
    decisions.write_text(found["decisions"])
    assert rows_of(decisions) == [{"file": first["file"], "label": first["suggested"]}]


def test_decisions_for_a_whole_filter_go_into_the_next_audit(audited: Path, folder: Path, tmp_path: Path) -> None:
    page = (audited / "audit.html").read_text(encoding="utf-8")
    question = STEP + """
    set("show", "change"); const shown = list.length; document.getElementById("all").click();
    set("show", "open"); set("given", "0"); const kept = list.length; document.getElementById("keep").click();
    return {shown, kept, count: document.getElementById("count").textContent, decisions: decisionsCsv()};
    """  # fmt: skip
    found = ask(page, question, tmp_path / "browser")
    changed = [row for row in rows_of(audited / "labels.csv") if row["given"] != row["suggested"]]
    assert found["shown"] == len(changed) >= 4 and found["kept"] > 10
    assert f"; {len(changed)} changed, {found['kept']} kept, " in found["count"]
    checked, out = tmp_path / "checked.csv", tmp_path / "out"
    checked.write_text(found["decisions"], encoding="utf-8")
    assert main(["audit", str(folder), f"--checked={checked}", f"--out={out}", "--pictures=0", "--devices=cpu"]) == 0
    after = {row["file"]: row for row in rows_of(out / "labels.csv")}
    for row in rows_of(checked):
        assert after[row["file"]]["suggested"] == row["label"]
        assert (float(after[row["file"]]["p_wrong"]) > 0.5) == (after[row["file"]]["given"] != row["label"])


def test_the_page_names_what_is_left_out_and_copies_and_asks_first_what_tells_most(
    audited: Path, tmp_path: Path
) -> None:
    page = (audited / "audit.html").read_text(encoding="utf-8")
    before, rest = page.split('<script id="data" type="application/json">')
    data, rest = rest.split("</script>", 1)
    about = json.loads(data)
    about |= {"leftOut": [["two/broken.png", "cannot be read as a picture"]], "copies": [[1, 4, "near"]], "inTest": []}
    other = {"fraction": 40.0, "wrong": [0.0] * len(about["files"]), "suggested": about["suggested"]}
    about |= {"questions": [7, 3], "rivals": [other]}
    altered = f'{before}<script id="data" type="application/json">{json.dumps(about)}</script>{rest}'
    question = STEP + """
    const asked = names(), note = cards()[1].textContent, facts = document.getElementById("facts").textContent;
    set("show", "copies"); const copies = names(), copy = cards()[0].textContent;
    const options = [...document.getElementById("show").options].map((option) => option.value);
    return {asked, note, facts, copies, copy, options, left: document.getElementById("left").textContent};
    """  # fmt: skip
    found = ask(altered, question, tmp_path / "browser")
    files = about["files"]
    assert found["asked"] == [files[7], files[3]] and "Look at these 2 pictures to decide" in found["facts"]
    assert "if 40 % are wrong: right" in found["note"]
    assert found["copies"] == [files[1], files[4]] and f"copy of {files[4]}" in found["copy"]
    assert "empty" not in found["options"] and "1 files are left out" in found["left"]
    assert "two/broken.png cannot be read as a picture" in found["left"]
