"""Records that were damaged, edited or put there by somebody else are named, left out, and done again."""

import json
import re
from pathlib import Path

import pytest

from benchmark import PROTOCOL
from benchmark.records.checksummed import with_checksum
from benchmark.records.record import BadRecord
from benchmark.records.store import Store
from tests.support.records_factory import change, resealed, result, run


@pytest.mark.parametrize("text", ["", '{"schema": 1', "[1, 2]", '{"a": 1}', "\x00\xff"])
def test_a_damaged_record_is_set_aside_with_a_warning_and_its_run_is_not_done(
    store: Store, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    work = run()
    path = store.write(work, result())
    path.write_text(text)
    assert store.finished([work]) == set()
    assert str(path) in caplog.text
    assert path.with_name(path.name + ".bad").read_text() == text
    assert not path.exists()
    assert store.load() == ([], [])


def test_a_record_of_another_run_under_this_name_is_not_trusted(store: Store) -> None:
    work, other = run(), run(seed=2)
    path = store.write(other, result()).rename(store.path(work))
    assert store.finished([work]) == set()
    assert path.with_name(path.name + ".bad").exists()


def test_a_record_whose_fields_were_edited_is_not_trusted(store: Store) -> None:
    work = run(rate=0.5)
    path = store.write(work, result())
    change(path, lambda record: record["run"].update(rate=0.25))
    assert store.finished([work]) == set()


def test_records_of_another_protocol_duplicates_truncated_and_foreign_files_are_named_and_left_out(
    store: Store,
) -> None:
    good = store.write(run(), result())
    text = good.read_text()
    folder = good.parent
    newer = run(protocol=PROTOCOL + 1)
    (folder / f"{newer.key}.json").write_bytes(
        resealed(text.replace(f'"protocol": {PROTOCOL}', f'"protocol": {PROTOCOL + 1}').replace(run().key, newer.key))
    )
    (folder / "copy (1).json").write_text(text)
    (folder / "0123456789abcdef.json").write_text(text[:99])
    (folder / "notes.json").write_text('{"my": "notes"}')
    (folder / "README.txt").write_text("hello")
    schema = text.replace('"schema": 2', '"schema": 1')
    (folder / "old.json").write_text(schema)
    elsewhere = store.out / "runs" / "tilted"
    elsewhere.mkdir()
    (elsewhere / good.name).write_text(text)

    records, problems = store.load()

    assert [record.run for record in records] == [run()]
    reasons = {Path(line.split(" is left out: ")[0]).relative_to(store.out): line.split(": ")[1] for line in problems}
    assert reasons == {
        Path(
            f"runs/flipped/{newer.key}.json"
        ): f"it is of protocol {PROTOCOL + 1}, and this version is protocol {PROTOCOL}",
        Path("runs/flipped/copy (1).json"): f"it is a copy of {good}",
        Path("runs/flipped/0123456789abcdef.json"): "it is truncated or not JSON",
        Path("runs/flipped/notes.json"): "it is not a record of this benchmark",
        Path("runs/flipped/README.txt"): "it is not a record",
        Path("runs/flipped/old.json"): "it is of record schema 1, and this version reads schema 2",
        Path(f"runs/tilted/{good.name}"): f"it is a copy of {good}",
    }


def test_many_files_that_are_left_out_for_one_reason_are_one_line(store: Store) -> None:
    (store.out / "runs").mkdir(parents=True)
    for number in range(21):
        (store.out / "runs" / f"{number:02}.json").write_text("")
    _, (problem,) = store.load()
    assert problem == f"21 files like {store.out}/runs/00.json are left out: it is truncated or not JSON"


@pytest.mark.parametrize("place", ["tilted", "folder-a-12345678"])
def test_a_record_in_the_folder_of_another_data_set_is_left_out_and_named(
    store: Store, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    home = store.write(run(), result())
    strange = store.out / "runs" / place / home.name
    strange.parent.mkdir(parents=True)
    strange.write_bytes(home.read_bytes())
    assert store.find(run().key).run == run()
    assert caplog.messages == [f"{strange} is left out: it is a copy of {home}"]
    home.unlink()
    with pytest.raises(BadRecord, match=f"{strange} is left out: it belongs in {home}"):
        store.find(run().key[:8])


def test_any_changed_byte_of_a_record_is_seen_and_the_run_is_done_again(store: Store) -> None:
    work = run()
    path = store.write(work, result(70.25, work))
    text = path.read_bytes()
    edits = [text[:i] + bytes([text[i] ^ 1]) + text[i + 1 :] for i in range(0, len(text), 7)]
    edits += [text.replace(b"70.25", b"71.25"), text[:-1], text + b"\n", text.replace(b'": ', b'":', 1)]
    edits += [text[: len(text) // 2] + bytes(len(text) - len(text) // 2)]
    edits.append(text.replace(b"\n}\n", b',\n"accuracy": 99.0\n}\n'))
    for edit in edits:
        path.write_bytes(edit)
        records, (problem,) = Store(store.out).load()
        assert records == [] and str(path) in problem
        assert Store(store.out).finished([work], quarantine=False) == set()


def test_a_changed_record_is_seen_by_a_store_that_read_it_before(store: Store) -> None:
    work = run()
    path = store.write(work, result(70.25, work))
    assert store.finished([work]) == {work.key}
    path.write_bytes(path.read_bytes().replace(b"70.25", b"71.25"))
    assert store.load().problems == [
        f"{path} is left out: it was changed after it was written: its content does not fit its checksum"
    ]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('{"schema": 2, "key": "[/red]", "run": 1, "accuracy": 50, "accuracy": 60', "key 'accuracy' twice"),
        ('{"schema": 2, "key": "x", "run": {"seed": 1, "seed": 2}', "key 'seed' twice"),
        ('{"a": ' + "[" * 2000 + "]" * 2000, "not a record|too deeply"),
        ('{"schema": 2, "key": "x", "run": ' + "[" * 200000 + "]" * 200000, "too deeply"),
        ('{"schema": 2, "key": "[/red]", "run": {}', "run.backbone is missing"),
    ],
)
def test_a_record_with_a_key_twice_or_nested_deeply_is_named_and_left_out(
    store: Store, body: str, complaint: str
) -> None:
    good, odd = store.write(run(), result()), store.path(run(seed=2))
    odd.write_bytes(with_checksum(body.encode()))
    (record,), (problem,) = store.load()
    assert store.path(record.run) == good
    assert re.search(complaint, problem)
    assert store.finished([run(), run(seed=2)]) == {run().key}


@pytest.mark.parametrize(
    ("field", "value"),
    [("rate", float("nan")), ("rate", 1e308), ("rate", -0.1), ("seed", -1), ("seed", 10**30), ("shots", 0)],
)
def test_a_run_whose_numbers_are_out_of_range_is_named_and_left_out(store: Store, field: str, value: float) -> None:
    work = run(**{field: value})
    store.write(run(seed=3), result())
    text = store.path(run(seed=3)).read_bytes()
    odd = json.loads(text) | {"key": work.key, "run": vars(work) | {field: value}}
    odd["run"].pop("key", None)
    del odd["sha256"]
    store.path(work).write_bytes(with_checksum(json.dumps(odd).removesuffix("}").encode()))
    (record,), (problem,) = store.load()
    assert record.run == run(seed=3)
    assert str(store.path(work)) in problem and field in problem


@pytest.mark.parametrize(
    ("field", "value", "meant"), [("seed", "2", 2), ("seed", True, 1), ("shots", 16.0, 16), ("rate", "0.25", 0.25)]
)
def test_a_text_or_a_truth_value_is_no_number_of_a_run(store: Store, field: str, value: object, meant: float) -> None:
    work = run(**{field: meant})
    path = store.write(work, result())
    odd = json.loads(path.read_bytes())
    odd["run"][field] = value
    del odd["sha256"]
    path.write_bytes(with_checksum(json.dumps(odd).removesuffix("}").encode()))
    assert store.load().records == []
    assert store.finished([work]) == set()


def test_a_folder_or_a_loop_of_links_in_the_place_of_a_record_is_set_aside(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    folder, loop, good = run(seed=1), run(seed=2), run(seed=3)
    store.write(good, result())
    (store.path(folder) / "mine").mkdir(parents=True)
    store.path(loop).symlink_to(store.path(loop))
    (store.out / "runs" / "flipped" / "below").symlink_to(store.out / "runs")
    records, problems = store.load()
    assert [record.run for record in records] == [good]
    assert sorted(problem.split(" is left out: ")[0] for problem in problems) == sorted(
        str(store.path(work)) for work in (folder, loop)
    )
    assert store.finished([folder, loop, good]) == {good.key}
    assert (store.out / "runs" / "flipped" / f"{folder.key}.json.bad" / "mine").is_dir()
    for work in (folder, loop):
        store.write(work, result())
    assert len(store.load().records) == 3


def test_what_was_set_aside_before_is_kept(store: Store) -> None:
    work = run()
    for text in ("one", "two"):
        store.write(work, result())
        store.path(work).write_text(text)
        assert store.finished([work]) == set()
    assert sorted(path.read_text() for path in store.out.rglob("*.bad*")) == ["one", "two"]


def test_a_record_whose_epochs_are_not_those_of_its_recipe_is_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(BadRecord, match="its 9 epochs are not the 10 of its recipe, embedded"):
        store.write(run(recipe="embedded", epochs=9), result(70.0))
    with pytest.raises(BadRecord, match="unknown recipe 'nonsense'"):
        store.write(run(recipe="nonsense"), result(70.0))
