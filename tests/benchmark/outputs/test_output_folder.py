"""Files of ours are replaced; whatever else stands in their place is kept, by whom- or whatever it was put there."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.outputs import MANIFEST, Outputs, check_folders
from datamodules import atomic


def write(out: Path, text: str, name: str = "table.csv", by: str = "report") -> None:
    Outputs(out, by).write({name: text})


def test_what_we_wrote_is_replaced_and_what_a_person_changed_since_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "one")
    write(tmp_path, "two")
    assert (tmp_path / "table.csv").read_text() == "two"
    (tmp_path / "table.csv").write_text("two, and a remark")
    with pytest.raises(BadInput, match=r"table\.csv was changed since promptnoise wrote it and is kept; move it away"):
        write(tmp_path, "three")
    assert (tmp_path / "table.csv").read_text() == "two, and a remark"


def test_the_same_content_is_no_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("same")
    write(tmp_path, "same")
    write(tmp_path, "other")


def test_of_several_files_none_is_written_if_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("mine")
    with pytest.raises(BadInput, match=r"b\.csv was not written by promptnoise"):
        Outputs(tmp_path, "report").write({"a.csv": "ours", "b.csv": "ours"})
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]


def test_a_process_that_dies_between_list_and_file_leaves_a_file_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "one")
    real = atomic.write

    def listing_only(path: Path, content: str | bytes) -> None:
        if path.name != MANIFEST:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(atomic, "write", listing_only)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, "two")
    monkeypatch.undo()
    assert (tmp_path / "table.csv").read_text() == "one"
    write(tmp_path, "three")
    assert (tmp_path / "table.csv").read_text() == "three"


def test_an_input_is_not_replaced_although_it_is_ours_and_goes_by_another_name(tmp_path: Path) -> None:
    write(tmp_path / "first", "ours")
    write(tmp_path / "second", "ours")
    table = tmp_path / "second" / "table.csv"
    table.unlink()
    os.link(tmp_path / "first" / "table.csv", table)
    (tmp_path / "link").symlink_to("first")
    for name in (tmp_path / "first" / "table.csv", tmp_path / "link" / "table.csv"):
        outputs = Outputs(tmp_path / "second", "report", inputs=[name])
        for attempt in (lambda o=outputs: o.check(["table.csv"]), lambda o=outputs: o.write({"table.csv": "new"})):
            with pytest.raises(BadInput, match=r"table\.csv is read by this very command"):
                attempt()
    assert table.read_text() == "ours"


@pytest.mark.parametrize("content", ["mine", "[]", "{}", '{"table.csv": 1}', ""])
def test_a_list_that_is_not_ours_is_kept(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    for attempt in (lambda: Outputs(tmp_path, "report").check(["table.csv"]), lambda: write(tmp_path, "ours")):
        with pytest.raises(BadInput, match=r"\.promptnoise\.json was not written by promptnoise"):
            attempt()
    assert (tmp_path / MANIFEST).read_text() == content and len([*tmp_path.iterdir()]) == 1


def test_a_command_removes_what_it_wrote_itself_unless_a_person_changed_it(tmp_path: Path) -> None:
    write(tmp_path, "of an audit", "labels.csv", by="audit")
    for name in ("gone.csv", "changed.csv"):
        write(tmp_path, "of a report", name)
    (tmp_path / "changed.csv").write_text("with a remark")
    report = Outputs(tmp_path, "report")
    report.write({"new.csv": "of a report"})
    report.remove_stale()
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["changed.csv", "labels.csv", "new.csv"]


def test_a_folder_is_needed_where_standard_output_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="give a folder"):
        Outputs(Path("-"), "audit").check(["labels.csv"])


def test_many_that_write_at_once_lose_no_entry_of_the_list(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            write(tmp_path, f"{number} {turn}", f"{number}.csv")
            write(tmp_path, f"{number} {turn}", "shared.csv")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = ["0.csv", "1.csv", "2.csv", "3.csv", "shared.csv"]
    assert list(json.loads((tmp_path / MANIFEST).read_text())["files"]) == names
    Outputs(tmp_path, "report").check(names)


def test_a_folder_of_ours_may_be_given_as_a_link_and_may_hold_none(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    write(tmp_path / "out", "ours")
    assert (tmp_path / "disk" / "table.csv").read_text() == "ours"
    check_folders(tmp_path / "out", ["track", "wandb"])
    (tmp_path / "disk" / "track").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="track is a link to another folder and is kept"):
        check_folders(tmp_path / "out", ["track"])
    (tmp_path / "disk" / "wandb").write_text("mine")
    with pytest.raises(BadInput, match="wandb is a file, and a folder is needed there"):
        check_folders(tmp_path / "out", ["wandb"])
