"""What lies in and below a class folder: pictures are read, and what is left out is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules import catalog, notices
from datamodules.errors import CorruptImage, DataError
from datamodules.formats.class_names import read_names
from datamodules.formats.folder_layout import parts_of
from datamodules.formats.images import FileImages
from datamodules.formats.picture_files import picture_files
from datamodules.formats.picture_places import require_files


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    notices._said.cache_clear()


def picture(path: Path, format: str | None = None, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(value).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, format)
    return path


def tree(root: Path, parts: tuple[str, ...] = ("train", "test"), classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    for part in parts:
        for name in classes:
            for number in range(3):
                picture(root / part / name / f"{number}.png")
    return root


def test_pictures_are_known_by_suffix_or_by_content(tmp_path: Path) -> None:
    picture(tmp_path / "a.jfif", "JPEG")
    picture(tmp_path / "b", "PNG")
    picture(tmp_path / "c.JPG", "JPEG")
    picture(tmp_path / "below/deeper/d.webp", "WEBP")
    picture(tmp_path / "e.upload", "GIF")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "f.heic").write_bytes(b"\0\0\0\x18ftypheic")
    found = picture_files(tmp_path)
    assert found.pictures == ("a.jfif", "b", "below/deeper/d.webp", "c.JPG", "e.upload")
    assert found.left_out == ("f.heic", "notes.txt")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "`git lfs pull` gets the file"),
        (b"\n<!DOCTYPE html><html>404</html>", "it is a web page or XML"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is HEIC; `mogrify"),
        (b"II*\0" + b"\0" * 20, "it is a TIFF that Pillow does not read, .* `gdal_translate"),
        (b"%PDF-1.4", "it is a PDF; `mogrify"),
        (b"\0\0\0\x18ftypisom", "it is a video; `ffmpeg"),
        (b"", "it is empty"),
        (b"what", "it is no picture of a known kind"),
    ],
)
def test_what_only_is_called_a_picture_is_told(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(CorruptImage, match=what):
        FileImages(tmp_path, ("a.jpg",))[0]


def test_a_broken_link_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "nowhere")
    images = FileImages(tmp_path, ("a.jpg",))
    assert len(images.fingerprint) == 64
    with pytest.raises(CorruptImage, match="No such file"):
        images[0]


def test_pictures_that_wait_in_icloud_or_are_heic_are_counted_with_what_gets_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        (tree(tmp_path) / f"train/cat/.{number}.jpg.icloud").write_bytes(b"bplist00")
    (tmp_path / "train/cat/1.heic").write_bytes(b"")
    catalog.open_dataset(f"folder:{tmp_path}")
    assert "3 files left out" in caplog.text and "`brctl download" in caplog.text and "`mogrify" in caplog.text


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", ".ipynb_checkpoints", ".git", "_gsdata_", "#recycle"])
def test_what_programs_leave_behind_is_no_class(tmp_path: Path, name: str) -> None:
    picture(tree(tmp_path) / "train" / name / "._0.png", "PNG")
    picture(tmp_path / "train/cat" / name / "0.png")
    dataset = catalog.open_dataset(f"folder:{tmp_path}")
    assert dataset.classes == ("cat", "dog") and len(dataset.train.labels) == 6


def test_links_to_folders_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    picture(tmp_path / "a/0.png")
    (tmp_path / "a/again").symlink_to(tmp_path)
    assert picture_files(tmp_path).pictures == ("a/0.png",)
    picture(tmp_path / "b/1.png")
    assert picture_files(tmp_path / "a").pictures == ("0.png",)


def test_left_out_files_are_counted_once_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tree(tmp_path)
    for number in range(5):
        (tmp_path / f"train/cat/{number}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for _ in range(2):
        dataset = catalog.open_dataset(f"folder:{tmp_path}")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "5 files left out, which are no pictures that can be read: 5 .heic" in said[0]
    assert isinstance(dataset.train.images, FileImages) and len(dataset.train.images.left_out) == 5


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("train", "test"), ("train", "test", None)),
        (("training", "testing"), ("training", "testing", None)),
        (("Train", "Test", "Valid"), ("Train", "Test", "Valid")),
        (("train", "valid"), ("train", "valid", None)),
        (("train", "valid", "test"), ("train", "test", "valid")),
        (("seg_train/seg_train", "seg_test/seg_test"), ("seg_train/seg_train", "seg_test/seg_test", None)),
    ],
)
def test_splits_are_found_by_the_names_that_archives_have(
    tmp_path: Path, parts: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    found = parts_of(tree(tmp_path, parts))
    assert (found.train, found.test, found.val) == expected
    dataset = catalog.open_dataset(f"folder:{tmp_path}")
    assert len(dataset.train.labels) == len(dataset.test.labels) == 6
    assert (dataset.val is None) == (expected[2] is None)


def test_loose_pictures_without_class_folders_are_said_to_be_so(tmp_path: Path) -> None:
    picture(tree(tmp_path, ("train",)) / "test/0.png")
    with pytest.raises(DataError, match="holds 1 pictures "):
        catalog.open_dataset(f"folder:{tmp_path}")


def test_a_list_finds_its_files_in_upper_and_lower_case(tmp_path: Path) -> None:
    picture(tmp_path / "a/IMG_1.JPG", "JPEG")
    picture(tmp_path / "a/x.png")
    picture(tmp_path / "a/X.png", value=1)
    assert require_files(tmp_path, ["a/IMG_1.jpg", "a/X.png", "a/x.png"], "list") == [
        "a/IMG_1.JPG",
        "a/X.png",
        "a/x.png",
    ]
    with pytest.raises(DataError, match=r"list lists .*a/2.jpg, which is not there"):
        require_files(tmp_path, ["a/2.jpg"], "list")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("between", [" ", "\t"])
def test_names_of_folders_are_read_as_editors_write_them(tmp_path: Path, encoding: str, between: str) -> None:
    file = tmp_path / "classnames.txt"
    file.write_bytes(f"ice{between}frozen water\r\nice cream{between}gelato é\r\n".encode(encoding))
    assert read_names(tmp_path, ["ice", "ice cream"]) == ("frozen water", "gelato é")


def test_names_in_another_encoding_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "classnames.txt").write_bytes("red r\xe9d\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"classnames.txt is not text in UTF-8; save it so"):
        read_names(tmp_path, ["red"])


@pytest.mark.parametrize("name", ["my [1]", "a[b]c", "x [split]"])
def test_brackets_in_a_path_are_part_of_it(tmp_path: Path, name: str) -> None:
    folder = tree(tmp_path / name)
    assert len(catalog.open_dataset(f"folder:{folder}").train.labels) == 6
    assert catalog.open_dataset(f"folder:{folder}[template=a {{}}]").template == "a {}"


def test_a_file_that_is_no_picture_inside_is_named_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("nothing")
    with pytest.raises(CorruptImage, match=r"a.png cannot be read as a picture: it is no picture of a known kind"):
        FileImages(tmp_path, ("a.png",))[0]
