"""Bad input of `audit` and `detect`: one line that says what would be right, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main

CASES = [
    ("audit", "audit needs DATASET: promptnoise audit DATASET"),
    ("audit digitz", "unknown data set 'digitz'"),
    ("audit /nowhere/at/all", "/nowhere/at/all is not there; give a folder, a CSV table, or the name of a data set"),
    ("audit folder:/nowhere", "/nowhere is not there"),
    ("audit EMPTY", "holds no folders; put the pictures of each class into a folder of its name"),
    ("audit ONE", "one class only"),
    ("audit THIN", "class 'b' has one image; an audit needs 2 of each class"),
    ("audit NOLABEL.csv", "has no column 'label'; an audit needs the columns file and label"),
    ("audit BLANK.csv", "2 of 2 are absent"),
    ("audit WORD.csv", "line 3: 'NaN' stands for no label; leave the cell empty"),
    ("audit ABSENT.csv", "which is not there"),
    ("audit digits --noise=2", "noise is 2, should be at least 0 and at most 1"),
    ("audit digits --noise=x", "--noise=x should be a number"),
    ("audit digits --noise_type=symetric", "did you mean 'symmetric'"),
    ("audit digits --noise=0.1 --noise_type=human", "leave out --noise"),
    ("audit digits --noise_type=human", "which this data set or backbone does not give"),
    ("audit digits --noise=0.1 --noise_type=confusion", "needs a model's outputs"),
    ("audit digits --noise=0.1 --noise_type=instance", "needs a model's outputs"),
    ("choose digits --noise=0.1 --noise_type=cluster", "needs a model's outputs"),
    ("audit ONE --noise=0.1", "there must be"),
    ("audit digits --detector=jiont", "did you mean 'joint'"),
    ("audit digits --detector=", "no detector given; joint is the default"),
    ("audit digits --correct=1.5", "correct is 1.5, should be at least 0 and at most 1"),
    ("audit digits --pictures=-1", "pictures is -1, should be at least 0"),
    ("audit digits --out=FILE", "is a file; give a folder"),
    ("audit digits --backbone=ViT-B-32", "names no weights"),
    ("detect --datasets=digitz", "unknown data set 'digitz'"),
    ("detect --noise=1", "noise 1 should lie between 0 and 1"),
    ("detect --detectors=jiont", "did you mean 'joint'"),
    ("detect --seeds=x", "seeds: 'x' should be a whole number"),
    ("detect --noise_type=", "give at least one kind of noise, and a rate where it needs one"),
    ("detect --shots=-1", "shots is -1, should be at least 0"),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    for path in ("EMPTY", "ONE/a", "THIN/a", "THIN/b"):
        (root / path).mkdir(parents=True)
    for path in ("ONE/a/1.png", "ONE/a/2.png", "THIN/a/1.png", "THIN/a/2.png", "THIN/b/1.png", "FILE"):
        (root / path).touch()
    (root / "NOLABEL.csv").write_text("file,note\na.png,x\n")
    (root / "BLANK.csv").write_text("file,label\na.png,x\nb.png,\n")
    (root / "WORD.csv").write_text("file,label\na.png,x\nb.png,NaN\n")
    (root / "ABSENT.csv").write_text("file,label\na.png,x\nb.png,y\n")
    return root


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_bad_input_ends_in_one_line(
    text: str, expected: str, places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(places)
    assert main(text.split()) == 2
    said = capsys.readouterr().err
    assert expected in said and said.count("\n") == 1, said
