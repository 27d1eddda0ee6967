"""Commands that read one run: export, show, compare."""

import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from benchmark import PROTOCOL
from benchmark.analysis.results import Results
from benchmark.commands import compare, show
from benchmark.commands.export import export
from benchmark.errors import BadInput
from benchmark.records.record import BadRecord, dump, read
from benchmark.records.store import Store
from benchmark.report import table_files
from benchmark.screen import Screen
from tests.support.records_factory import CLASSES, campaign, fill, result, run


def printed(call: object, *arguments: object) -> str:
    console = Screen(width=120, file=io.StringIO(), no_color=True)
    call(*arguments, console)  # type: ignore[operator]
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Store, Store]:
    return fill(tmp_path / "a", rates=(0.0, 0.5), seeds=(1, 2)), fill(tmp_path / "b", rates=(0.0, 0.5), seeds=(1, 2))


def test_equal_folders_agree_and_a_moved_cell_is_named(two: tuple[Store, Store]) -> None:
    a, b = two
    assert compare.compare(a.out, b.out).agrees
    b.write(run(seed=1), result(a.find(run(seed=1).key).accuracy + 3.0))
    found = compare.compare(a.out, b.out)
    assert not found.agrees
    assert found.cells["gap"][0] == pytest.approx(1.5)
    assert compare.compare(a.out, b.out, tolerance=2.0).agrees
    text = printed(compare.show, found)
    assert "not reproduced: 1 cell apart by more than 0.5 points" in text
    assert "+1.50" in text


def test_a_published_reference_without_records_is_compared_by_its_table(
    two: tuple[Store, Store], tmp_path: Path
) -> None:
    a, b = two
    table_files.write_all(Results.of(a.load().records), a.out)
    reference = tmp_path / "reference"
    reference.mkdir()
    (reference / "leaderboard.csv").write_bytes((a.out / "leaderboard.csv").read_bytes())
    found = compare.compare(reference, b.out)
    assert found.agrees
    assert found.cells["gap"].abs().max() <= 0.005
    assert "reproduces the first within 0.5 points" in printed(compare.show, found)


def test_means_over_another_number_of_seeds_are_said_to_be_such(two: tuple[Store, Store]) -> None:
    a, b = two
    b.path(run(seed=2)).unlink()
    assert compare.compare(a.out, b.out).notes == ("means over another number of seeds in the second folder: 1 cell",)


def test_cells_that_one_folder_lacks_are_counted(two: tuple[Store, Store]) -> None:
    a, b = two
    for seed in (1, 2):
        b.path(run(seed=seed)).unlink()
        b.write(run("dspt", seed=seed), result())
    found = compare.compare(a.out, b.out)
    assert (found.only_a, found.only_b, found.agrees) == (1, 1, False)
    assert compare.compare(b.out, a.out).only_a == 1


def test_folders_of_two_protocols_are_compared_but_never_silently(two: tuple[Store, Store], tmp_path: Path) -> None:
    a, b = two
    table_files.write_all(Results.of(a.load().records), a.out)
    older = tmp_path / "older"
    older.mkdir()
    lines = (a.out / "leaderboard.csv").read_text().splitlines()
    (older / "leaderboard.csv").write_text("\n".join([lines[0], *(line[:-1] + "0" for line in lines[1:])]) + "\n")
    found = compare.compare(older, b.out)
    assert found.notes == (f"protocol 0 against {PROTOCOL}: results of different protocols are expected to differ",)
    assert found.notes[0] in printed(compare.show, found)


def test_a_folder_with_nothing_to_compare_is_refused(two: tuple[Store, Store], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder; compare takes two results folders"):
        compare.compare(two[0].out, tmp_path / "nowhere")
    (tmp_path / "leaderboard.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="no column 'dataset'"):
        compare.compare(two[0].out, tmp_path)


def test_a_record_is_explained_with_noise_gain_classes_and_the_command_that_does_it_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = run("gce[q=0.5]", seed=3)
    store.write(work, result(70.5, work), {"ctx": np.zeros((2, 3))})
    text = printed(show.show, store.find(work.key), store)
    for part in (
        "PromptGCE[q=0.5] on flipped",
        "40 of 80 labels wrong (50.00 %)",
        "66.00 %, so training gave +4.50 points",
        "72.00 % at epoch 7 (an oracle: chosen on test data)",
        "arrow 54.5 %, bell 62.5 %",
        f"promptnoise export {work.key} --out={tmp_path}",
        "promptnoise bench '--methods=gce[q=0.5]' --datasets=flipped --noise=0.5 --noise-type=symmetric",
    ):
        assert part in text


def test_the_command_that_does_a_run_again_survives_a_shell() -> None:
    work = run(dataset="folder:/it's here")
    words = shlex.split(show.command(read(dump(work, result(50.0, work)))))
    assert words[:2] == ["promptnoise", "bench"]
    assert "--datasets=folder:/it's here" in words


def test_every_kind_of_record_can_be_explained(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="human", rate=None), {"status": "ok", "accuracy": 1.0})
    store.write(run("zero_shot", noise="none", rate=0.0, paradigm="ul"), result())
    store.write(run("dspt"), result(3.0, status="diverged", hint="loss [nan] at epoch 2", curves={"loss": [None]}))
    texts = [printed(show.show, record, store) for record in store.load().records]
    assert any("diverged: loss [nan] at epoch 2" in text for text in texts)
    assert any("given no labels" in text for text in texts)


def test_a_curve_becomes_bars_from_low_to_high() -> None:
    assert show.bars([0.0, 1.0, None, 7.0]) == "▁▂ █"
    assert show.bars([5.0, 5.0]) == "▁▁"
    assert len(show.bars([float(i) for i in range(1000)])) == show.WIDTH


def test_an_exported_prompt_classifies_with_its_tensors_alone(tmp_path: Path) -> None:
    store, rng = Store(tmp_path), np.random.default_rng(0)
    work = run()
    weights = rng.normal(size=(5, 8)).astype(np.float32)
    learned = {"class_weights": weights, "ctx": np.eye(2, 3, dtype=np.float32), "logit_scale": np.float32(20.0)}
    store.write(work, result(61.0, work), learned)
    words = {0: [("a", 0.1), ("the", 0.25)], 1: [("photo", 0.5)]}
    tensors, about, *_ = export(
        store, store.find(work.key), tmp_path / "taken", lambda ctx: [words[int(row.argmax())] for row in ctx]
    )
    loaded, meaning = load_file(tensors), json.loads(about.read_text())
    features = rng.normal(size=(4, 8)).astype(np.float32)
    np.testing.assert_allclose(loaded["logit_scale"] * features @ loaded["class_weights"].T, 20 * features @ weights.T)
    assert meaning["classes"] == list(CLASSES)
    assert meaning["accuracy"] == 61.0
    assert meaning["nearest_words"] == [[["a", 0.1], ["the", 0.25]], [["photo", 0.5]]]
    assert meaning["tensors"] == {"class_weights": [5, 8], "ctx": [2, 3], "logit_scale": []}


def test_class_specific_contexts_have_words_by_class(tmp_path: Path) -> None:
    store = Store(tmp_path)
    learned = {"class_weights": np.zeros((5, 8)), "ctx": np.zeros((5, 2, 3)), "logit_scale": np.float32(20.0)}
    store.write(run(), result(), learned)
    _, about, *_ = export(store, store.find(run().key), tmp_path, lambda ctx: [[("x", 0.0)] for _ in ctx])
    assert json.loads(about.read_text())["nearest_words"]["cup"] == [[["x", 0.0]], [["x", 0.0]]]


def test_a_run_that_kept_nothing_cannot_be_exported(tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    store.write(run(), result())
    with pytest.raises(BadRecord, match="kept nothing"):
        export(store, store.find(run().key), tmp_path / "taken")
    store.write(run(), result(), {"head": np.zeros(3)})
    with pytest.raises(BadRecord, match="kept no class_weights"):
        export(store, store.find(run().key), tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_the_made_up_campaign_is_the_same_on_every_machine() -> None:
    accuracies = {work.key: outcome["accuracy"] for work, outcome in campaign(seeds=(1,), rates=(0.5,))}
    assert accuracies[run().key] == pytest.approx(50.0, abs=1.0)
    assert accuracies == {work.key: outcome["accuracy"] for work, outcome in campaign(seeds=(1,), rates=(0.5,))}
