"""Records of several folders in one: byte by byte, each run once, and nothing that does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.analysis.results import mixed_hardware
from benchmark.records.joined import merge
from benchmark.records.record import BadRecord
from benchmark.records.store import Store
from datamodules import atomic
from tests.support.records_factory import fill, predictions, result, run


def test_runs_of_two_folders_stand_in_one_with_their_bytes_and_origin(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "a", seeds=(1, 2)), fill(tmp_path / "b", seeds=(3,))
    whole = fill(tmp_path / "whole")
    merged = merge([first.out, second.out], tmp_path / "c")
    assert not merged.refused and not merged.problems and merged.twice == 0
    for record in whole.load().records:
        home = first if record.run.seed < 3 else second
        assert Store(tmp_path / "c").path(record.run).read_bytes() == home.path(record.run).read_bytes()
        assert json.loads((tmp_path / "c" / "origins.json").read_text())[record.key] == home.out.name


def test_what_was_learned_comes_along(tmp_path: Path) -> None:
    Store(tmp_path / "a").write(run(), result(run=run()), {"ctx": np.ones((4, 2), np.float32)})
    merge([tmp_path / "a"], tmp_path / "c")
    target = Store(tmp_path / "c")
    assert target.learned(target.find(run().key))["ctx"].shape == (4, 2)


def test_predictions_come_along_and_changed_ones_are_refused(tmp_path: Path) -> None:
    for seed in (1, 2):
        Store(tmp_path / "a").write(run(seed=seed), result(run=run(seed=seed)), None, predictions())
    Store(tmp_path / "a").path(run(seed=2)).with_suffix(".parquet").write_bytes(predictions(true_known=False))
    merged = merge([tmp_path / "a"], tmp_path / "c")
    target = Store(tmp_path / "c")
    assert len(target.predictions(target.find(run(seed=1).key))) == 5
    assert len(target.load().records) == 1 and ".parquet is not the file that" in next(iter(merged.refused))


def test_of_a_run_that_two_folders_have_the_first_stays(tmp_path: Path) -> None:
    Store(tmp_path / "a").write(run(), result(70.0, run()))
    Store(tmp_path / "b").write(run(), result(71.5, run()))
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert merged.twice == 1 and merged.apart == 1.5
    assert Store(tmp_path / "c").find(run().key).accuracy == 70.0


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"hashes": {"weights": "x", "split": "s"}}, "the weights of embedded are x, and w in"),
        ({"hashes": {"weights": "w", "split": "x"}}, "the split of flipped are x, and s in"),
        ({"precision": "bf16"}, "the precision of embedded are bf16, and fp32 in"),
        ({"noise": {"labels_sha256": "x"}}, "the labels of flipped, symmetric 0.5, 16 shots, seed 1, fewshot are x, "),
    ],
    ids=["weights", "split", "precision", "labels"],
)
def test_a_record_of_something_else_under_the_same_name_is_refused(tmp_path: Path, other: object, why: str) -> None:
    Store(tmp_path / "a").write(run("coop"), result(run=run("coop")))
    assert isinstance(other, dict)
    Store(tmp_path / "b").write(run("linear_probe"), result(run=run("linear_probe"), **other))
    merged = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert [(line.startswith(f"{tmp_path / 'b'}: {why}"), n) for line, n in merged.refused.items()] == [(True, 1)]
    assert [record.run.method for record in Store(tmp_path / "c").load().records] == ["coop"]


def test_a_damaged_record_and_changed_arrays_are_left_out_and_named(tmp_path: Path) -> None:
    store = Store(tmp_path / "a")
    damaged = store.write(run(seed=1), result(run=run(seed=1)))
    damaged.write_text(damaged.read_text().replace("70.0", "99.0"))
    changed = store.write(run(seed=2), result(run=run(seed=2)), {"ctx": np.ones(2, np.float32)})
    changed.with_suffix(".safetensors").write_bytes(b"other")
    merged = merge([tmp_path / "a"], tmp_path / "c")
    assert len(merged.problems) == 1 and "checksum" in merged.problems[0]
    assert len(merged.refused) == 1 and "is not the file that" in next(iter(merged.refused))
    assert not Store(tmp_path / "c").load().records


def test_notes_of_failed_runs_come_along_unless_another_folder_has_the_run(tmp_path: Path) -> None:
    store = Store(tmp_path / "a")
    store.write(run(seed=1), result(run=run(seed=1)))
    store.fail(run(seed=2), "out of luck")
    store.fail(run(seed=3), "out of luck")
    Store(tmp_path / "b").write(run(seed=3), result(run=run(seed=3)))
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert [failure.run.seed for failure in Store(tmp_path / "c").failures()] == [2]


def test_damaged_origins_stop_the_merge_before_anything_is_copied(tmp_path: Path) -> None:
    fill(tmp_path / "a", seeds=(1,))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "origins.json").write_text("[")
    with pytest.raises(BadRecord, match=r"origins.json is damaged"):
        merge([tmp_path / "a"], tmp_path / "c")
    assert not (tmp_path / "c" / "runs").exists()


def test_the_command_names_mixed_hardware_and_writes_the_leaderboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "a", seeds=(1,))
    Store(tmp_path / "b").write(run(seed=9), result(run=run(seed=9), device="NVIDIA H100"))
    assert main(["merge", str(tmp_path / "a"), str(tmp_path / "b"), f"--out={tmp_path / 'c'}"]) == 0
    said = capsys.readouterr().out
    assert "1 run from" in said and "1 run on NVIDIA H100" in said and (tmp_path / "c" / "leaderboard.csv").exists()
    assert mixed_hardware(Store(tmp_path / "a").load().records) == ""


def test_the_command_ends_with_1_if_something_was_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "a", seeds=(1,))
    Store(tmp_path / "b").write(run(seed=9), result(run=run(seed=9), precision="bf16"))
    assert main(["merge", str(tmp_path / "a"), str(tmp_path / "b"), f"--out={tmp_path / 'c'}"]) == 1
    assert f"1 refused from {tmp_path / 'b'}: the precision of embedded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "merge needs FOLDERS"),
        (["nowhere"], "there is no results folder nowhere"),
        (["results", "--out=results"], "is the"),
    ],
)
def test_folders_that_cannot_be_merged_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(Path("results"), seeds=(1,))
    assert main(["merge", *words]) == 2 and line in capsys.readouterr().err


def test_weights_of_another_model_are_refused_with_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, weights in (("a", "v2:77"), ("b", "v2:77"), ("c", "v2:99")):
        hashes = {"weights": weights, "split": "s"}
        Store(tmp_path / name).write(run(seed=ord(name)), result(run=run(seed=ord(name)), hashes=hashes))
    code = main(["merge", *(str(tmp_path / name) for name in "abc"), f"--out={tmp_path / 'all'}"])
    told = capsys.readouterr().out
    assert code == 1 and len(Store(tmp_path / "all").load().records) == 2
    assert "the weights of embedded are v2:99, and v2:77 in" in told


def test_what_stands_in_the_place_of_a_record_and_is_none_is_set_aside(tmp_path: Path) -> None:
    fill(tmp_path / "a", seeds=(1,))
    (first,) = sorted((tmp_path / "a").glob("runs/*/*.json"))[:1]
    place = tmp_path / "c" / first.relative_to(tmp_path / "a")
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    merge([tmp_path / "a"], tmp_path / "c")
    assert place.read_bytes() == first.read_bytes() and place.with_name(f"{place.name}.bad").read_text() == "mine"


def test_origins_of_somebody_else_are_kept(tmp_path: Path) -> None:
    fill(tmp_path / "a", seeds=(1,))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "origins.json").write_text('{"Homo": "sapiens"}')
    with pytest.raises(BadRecord, match=r"origins\.json is damaged, or not ours; move it away"):
        merge([tmp_path / "a"], tmp_path / "c")
    assert (tmp_path / "c" / "origins.json").read_text() == '{"Homo": "sapiens"}'


def test_origins_have_no_path_and_tell_folders_of_one_name_apart(tmp_path: Path) -> None:
    for number, folder in enumerate(("a/results", "b/results", "c")):
        Store(tmp_path / folder).write(run(seed=number), result(run=run(seed=number)))
    merge([tmp_path / folder for folder in ("a/results", "b/results", "c")], tmp_path / "all")
    text = (tmp_path / "all" / "origins.json").read_text()
    assert str(tmp_path) not in text
    assert sorted(json.loads(text).values()) == ["c", "results (1)", "results (2)"]
    (tmp_path / "all" / "origins.json").write_text(json.dumps({"0" * 16: str(tmp_path / "earlier")}))
    merge([tmp_path / "c"], tmp_path / "all")
    assert json.loads((tmp_path / "all" / "origins.json").read_text())["0" * 16] == "earlier"


def test_a_merge_that_is_interrupted_anywhere_and_done_again_is_that_of_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "one")
    for seed in (1, 2):
        store.write(run(seed=seed), result(run=run(seed=seed)), {"ctx": np.ones(3, np.float32)})
    merge([tmp_path / "one"], tmp_path / "whole")
    whole = files(tmp_path / "whole")
    real = atomic.write
    for writes in range(len(whole)):
        left = iter(range(writes))

        def write(path: Path, content: str | bytes, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            real(path, content)

        out = tmp_path / f"after {writes}"
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(atomic, "write", write)
            merge([tmp_path / "one"], out)
        merge([tmp_path / "one"], out)
        assert files(out) == whole


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
