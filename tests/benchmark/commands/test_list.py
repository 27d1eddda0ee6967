"""`promptnoise list` shows what there is: all of it, one kind, or rows with a word, as tables or as JSON."""

from __future__ import annotations

import json

import pytest

from benchmark.__main__ import main
from benchmark.plan import method_catalog
from datamodules import catalog, noise
from methods import recipes


def test_json_has_every_method_recipe_data_set_and_kind_of_noise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["method"] for row in found["methods"]] == [*method_catalog.methods()]
    assert [row["recipe"] for row in found["recipes"]] == [*recipes.known()]
    assert [row["data set"] for row in found["datasets"]] == [*catalog.known()]
    assert [row["noise type"] for row in found["noise"]] == noise.known()
    assert all(row["what it is"] for row in found["noise"])
    assert found["suites"] and found["papers"]


def test_a_kind_and_a_word_choose_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "noise", "NLPrompt", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["noise type"] for row in found["noise"]} == {"asymmetric", "symmetric"} and len(found) == 1
    assert main(["list", "methods", "2109.01134"]) == 0
    out = capsys.readouterr().out
    assert "CoOp" in out and "GDA" not in out and "stands for" not in out
    assert main(["list", "--word=nowhere at all"]) == 0
    assert capsys.readouterr().out == "nothing with 'nowhere at all' in it\n"


def test_a_kind_that_there_is_not_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "method"]) == 2
    assert "did you mean 'methods'" in capsys.readouterr().err
