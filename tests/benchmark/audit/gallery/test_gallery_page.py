"""The page of an audit: small pictures, lists in the order of doubt, and no name that ends a script."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.audit.audit_result import AuditResult, examine
from benchmark.audit.copies import Copies
from benchmark.audit.doubtful import Doubtful
from benchmark.audit.gallery.gallery_page import SIDE, gallery, payload, thumbnail
from datamodules.errors import CorruptImage
from tests.benchmark.audit.samples import CLASSES, clusters

EVIL = "</script><b>.png"


class Pictures:
    """Wide grey pictures, of which the first cannot be read."""

    fingerprint = "grey"

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Image.Image:
        if index == 0:
            raise CorruptImage("no picture")
        return Image.new("L", (300, 150), 90)

    def describe(self, index: int) -> str:
        return f"picture {index}"


@pytest.fixture(scope="module")
def audited() -> tuple[Doubtful, AuditResult]:
    sample, _ = clusters(per_class=8)
    count, classes = len(sample.labels), tuple("abcdefgh"[:CLASSES])
    files = (EVIL, *(f"{row}.png" for row in range(1, count)))
    data = Doubtful("grey", Pictures(count), files, sample.labels.numpy(), classes, classes, "{}")
    return data, examine(sample)


def test_a_thumbnail_is_a_jpeg_of_few_pixels_and_empty_where_nothing_can_be_read(
    audited: tuple[Doubtful, AuditResult],
) -> None:
    data, _ = audited
    picture = Image.open(io.BytesIO(base64.b64decode(thumbnail(data, 3))))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (SIDE, SIDE // 2))
    assert thumbnail(data, 0) == ""


def test_lists_are_in_the_order_of_doubt_and_places_are_those_in_it(audited: tuple[Doubtful, AuditResult]) -> None:
    data, result = audited
    shown = payload(data, result, Copies())
    assert shown["files"] == [data.files[row] for row in result.order]
    assert shown["wrong"] == sorted(shown["wrong"], reverse=True)
    assert [shown["files"][place] for place in shown["questions"]] == [data.files[row] for row in result.questions]
    low, middle, high = shown["fraction"][1], shown["fraction"][0], shown["fraction"][2]
    assert 0 <= low <= middle <= high <= 100


def test_the_page_holds_as_many_thumbnails_as_are_asked_for_and_no_name_ends_its_script(
    audited: tuple[Doubtful, AuditResult],
) -> None:
    data, result = audited
    told: list[int] = []
    page = gallery(data, result, Copies(), 5, Path(), lambda: told.append(1))
    assert len(told) == 5 and EVIL not in page and "{{" not in page
    head, rest = page.split('<script id="thumbnails" type="application/json">')
    thumbnails = json.loads(rest.split("</script>", 1)[0])
    assert len(thumbnails) == 5
    kept = json.loads(head.split('<script id="data" type="application/json">')[1].split("</script>", 1)[0])
    assert EVIL in kept["files"] and np.isfinite(kept["wrong"]).all()
