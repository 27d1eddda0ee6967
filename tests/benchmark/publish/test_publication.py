"""A results folder as a data set: what is in the tables is what the runs were given, and others can read it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.__main__ import main
from benchmark.plan.axes import Run
from benchmark.records.store import Store
from benchmark.run.training import specs
from datamodules import noise
from datamodules.catalog import open_dataset
from datamodules.training_sets import TrainingSets
from tests.support.records_factory import result, run


def drawn(work: Run) -> TrainingSets:
    return TrainingSets(open_dataset(work.dataset), specs([work]))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two draws of digits, one whose labels have changed, and a folder that is not here."""
    out = tmp_path_factory.mktemp("out")
    store = Store(out)
    for seed in (1, 2, 3):
        for method in ("coop", "gce"):
            work = run(method, "digits", seed=seed)
            given = drawn(work).given[0]
            sha256 = noise.fingerprint(given.images, given.labels) if seed < 3 else "other"
            told = {"realised": 0.5, "wrong": 40, "images": 80, "labels_sha256": sha256}
            store.write(work, result(60.0 + seed, noise=told))
    store.write(run("coop", "folder:/home/me/pets"), result(70.0, noise={"labels_sha256": "gone"}))
    assert main(["report", f"--out={out}", "--for=hub", "--url=https://example.org/noise"]) == 0
    return out / "hub"


def test_a_row_per_run_and_no_path_of_this_machine(published: Path) -> None:
    runs = pd.read_parquet(published / "runs.parquet")
    assert runs["harmonic_mean"].dtype == float, "a column of no value has a type, too"
    assert len(runs) == 7 and runs["accuracy"].tolist()[:3] == [61.0, 62.0, 63.0]
    assert set(runs["dataset"]) == {"digits", "pets"}
    assert all(b"/home/me" not in path.read_bytes() for path in published.iterdir())


def test_draws_are_the_labels_that_the_runs_were_given(published: Path) -> None:
    draws = pd.read_parquet(published / "draws.parquet")
    for seed, own in draws.groupby("seed"):
        data = drawn(run("coop", "digits", seed=int(str(seed))))
        assert own["image"].tolist() == data.given[0].images.tolist()
        assert own["given"].tolist() == data.given[0].labels.tolist()
        assert noise.fingerprint(own["image"].to_numpy(), own["given"].to_numpy()) == own["labels_sha256"].iloc[0]
        assert np.isclose((own["given"] != own["label"]).mean(), 0.5, atol=0.01)
    assert sorted(set(draws["seed"])) == [1, 2], "a draw once, whatever the methods; none that has changed"


def test_the_card_tells_the_columns_the_licence_and_what_is_missing(published: Path) -> None:
    text = (published / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---")[1])
    assert header["license"] == "apache-2.0"
    assert [config["data_files"] for config in header["configs"]] == ["runs.parquet", "draws.parquet"]
    for name in ("runs", "draws"):
        for column in pd.read_parquet(published / f"{name}.parquet"):
            assert f"| `{column}` |" in text
    assert "- labels of digits, symmetric, seed 3\n" in text
    assert "labels of pets" in text


def test_the_hubs_evaluation_results_are_the_means(published: Path) -> None:
    (index,) = yaml.safe_load((published / "model-index-coop.yaml").read_text(encoding="utf-8"))["model-index"]
    values = {each["dataset"]["name"]: each["metrics"][0]["value"] for each in index["results"]}
    assert index["name"] == "CoOp" and values == {"digits": 62.0, "pets": 70.0}


def test_croissant_names_the_file_by_its_hash_and_every_column(published: Path) -> None:
    about = json.loads((published / "croissant.json").read_text(encoding="utf-8"))
    assert about["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert about["url"] == "https://example.org/noise"
    (file,), (records,) = about["distribution"], about["recordSet"]
    assert file["sha256"] == hashlib.sha256((published / file["contentUrl"]).read_bytes()).hexdigest()
    columns = [field["source"]["extract"]["column"] for field in records["field"]]
    assert columns == list(pd.read_parquet(published / "draws.parquet"))
    for field in records["field"]:
        assert field["@type"] == "cr:Field" and field["@id"] == field["name"] and field["description"]
        assert field["dataType"] in ("sc:Integer", "sc:Float", "sc:Text")
        assert field["source"]["fileObject"]["@id"] == file["@id"]


def test_mlcroissant_accepts_it_and_reads_the_records(published: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant validates the metadata")
    dataset = mlcroissant.Dataset(str(published / "croissant.json"))
    assert not dataset.metadata.issues.errors
    first = next(iter(dataset.records("draws")))
    assert first["draws/dataset"] in (b"digits", "digits")


@pytest.mark.parametrize("words", [["--for=hub", "--url=somewhere"], ["--url=https://example.org"]])
def test_an_address_is_one_and_goes_with_the_hub(
    words: list[str], published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", f"--out={published.parent}", *words]) == 2
    assert "should be an address, https://..., and goes with --for=hub" in capsys.readouterr().err


def test_only_the_methods_that_are_named_are_published(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", f"--out={published.parent}", "--for=hub"]
    assert main([*words, "--methods=gce"]) == 0
    assert set(pd.read_parquet(published / "runs.parquet")["method"]) == {"gce"}
    assert not (published / "model-index-coop.yaml").exists()
    assert main([*words, "--methods=mae"]) == 2
    assert "there are no runs of mae; there are of coop, gce" in capsys.readouterr().err
    assert main([*words, "--url=https://example.org/noise"]) == 0
