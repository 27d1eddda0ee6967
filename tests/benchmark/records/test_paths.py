"""Names of files below a results folder, and what is passed over there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.records.paths import Names, files_below, in_words, quarantine_file, quarantine_record, slug
from benchmark.records.store import Store
from tests.support.records_factory import result, run


def test_a_slug_is_plain_where_the_name_is_and_else_ends_with_a_hash_of_eight_digits() -> None:
    assert slug("digits") == "digits"
    assert re.fullmatch(r"folder-data-pets-[0-9a-f]{8}", slug("folder:/data/pets"))
    assert re.fullmatch(r"Xx-[0-9a-f]{8}", slug("-.Xx.-/"))


def test_names_in_a_folder_are_looked_up_once_and_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "a.json").touch()
    names = Names(tmp_path)
    assert names["digits"] == {"a.json"} and names["flipped"] == set()
    (tmp_path / "digits" / "b.json").touch()
    assert names["digits"] == {"a.json"}


@pytest.mark.parametrize("name", ["folder:/data/pets", "a b", "..", "", "caf\udce9", "x/" * 300, "dataset-1234abcd/"])
def test_a_slug_is_one_part_of_a_path_and_no_other_name_has_it(name: str) -> None:
    assert Path(slug(name)).name == slug(name) and len(slug(name)) < 100
    assert slug(name) != slug(name + "/")


def test_data_sets_whose_names_look_alike_have_folders_of_their_own(store: Store) -> None:
    names = ("folder:/a/b", "folder:/a-b", "folder:a-b", "folder-a-b", "digits", "digits[template=x]", "digits/")
    for name in names:
        work = run(dataset=name)
        store.write(work, result(70.0, work))
    assert len({store.path(run(dataset=name)).parent for name in names}) == len(names)
    assert store.path(run(dataset="digits")).parent.name == "digits"
    records, problems = store.load()
    assert ({record.run.dataset for record in records}, problems) == (set(names), [])


def test_what_is_set_aside_takes_the_first_free_name_and_files_beside_a_record_go_with_it(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / "a.json").write_text(text)
        quarantine_file(tmp_path / "a.json")
    assert [(tmp_path / f"a.json.bad{n}").read_text() for n in ("", "2", "3")] == ["one", "two", "three"]
    for name in ("b.json", "b.safetensors", "b.parquet", "b.txt"):
        (tmp_path / name).touch()
    quarantine_record(tmp_path / "b.json")
    assert sorted(path.name for path in tmp_path.glob("b.*")) == [
        "b.json.bad", "b.parquet.bad", "b.safetensors.bad", "b.txt"
    ]  # fmt: skip


def test_files_are_found_below_links_of_the_folder_itself_and_no_deeper_and_left_overs_are_passed_over(
    tmp_path: Path,
) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    for path in (runs / "digits" / "a.json", runs / "digits" / "b.json.bad", elsewhere / "c.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (runs / "digits" / "folder.json").mkdir()
    (runs / "digits" / "d.json.partial").touch()
    (runs / "linked").symlink_to(elsewhere)
    (runs / "digits" / "loop").symlink_to("loop")
    (runs / "digits" / "deeper").symlink_to(elsewhere)
    found = sorted(str(Path(path).relative_to(runs)) for path in files_below(runs))
    assert found == ["digits/a.json", "digits/folder.json", "digits/loop", "linked/c.json"]


def test_an_error_is_told_without_the_name_of_its_file() -> None:
    assert in_words(IsADirectoryError(21, "Is a directory", "/x")) == "it is a folder"
    assert in_words(PermissionError(13, "Permission denied", "/x")) == "Permission denied"
