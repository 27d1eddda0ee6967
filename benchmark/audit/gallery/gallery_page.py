"""The page of an audit: markup, style, script, data and thumbnails in one file, a line per thumbnail."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from PIL import Image

from benchmark.audit.audit_result import AuditResult
from benchmark.audit.copies import Copies
from benchmark.audit.doubtful import Doubtful, Picked
from datamodules import reading
from datamodules.dataset import Images
from datamodules.errors import CorruptImage
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import AUDITED
from datamodules.noise import fingerprint

FOLDER = Path(__file__).parent
SIDE = 96
JPEG_QUALITY = 70


def gallery(
    data: Doubtful, result: AuditResult, copies: Copies, most: int, beside: Path,
    progress: Callable[[], None] = lambda: None,
) -> str:  # fmt: skip
    """The page in the folder `beside` with the `most` suspicious pictures; `progress` is called after each."""
    shown = result.order[:most].tolist()
    thumbnails = []
    for row in shown:
        thumbnails.append(thumbnail(data, row))
        progress()
    parts = {
        "style": _read("style.css"),
        "data": _as_script(payload(data, result, copies, beside)),
        "thumbnails": _as_script(thumbnails),
        "script": _read("app.js"),
    }
    before, *rest = _read("page.html").split("{{")
    return before + "".join(parts[name] + tail for name, tail in (piece.split("}}", 1) for piece in rest))


def thumbnail(data: Doubtful, row: int) -> str:
    """A picture as base64 JPEG of at most SIDE pixels a side; empty where it cannot be read."""
    try:
        picture: Image.Image = data.images[row]
    except CorruptImage:
        return ""
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(buffer.getvalue()).decode()


def folder_of(images: Images, beside: Path) -> str | None:
    """The way from the folder `beside` to the one that image files are in; None where there are no files."""
    while isinstance(images, Picked):
        images = images.images
    return Path(os.path.relpath(images.root, beside)).as_posix() if isinstance(images, FileImages) else None


def payload(data: Doubtful, result: AuditResult, copies: Copies, beside: Path = Path()) -> dict[str, Any]:
    """What the page in the folder `beside` shows: lists over images, most suspicious first."""
    order = result.order
    places = {row: place for place, row in enumerate(order.tolist())}
    row_of = {data.files[row]: place for row, place in places.items()}
    misfits, empty = set(result.misfits.tolist()), set(data.constant)
    return {
        "name": data.name,
        "id": fingerprint(data.given, order)[:16],
        "column": f"{AUDITED}_label",
        "values": data.values,
        "root": folder_of(data.images, beside),
        "files": [data.files[row] for row in order.tolist()],
        "given": data.given[order].tolist(),
        "suggested": result.suggested[order].tolist(),
        "wrong": [round(float(p), 4) for p in result.wrong[order]],
        "copies": [[places[copy.first], places[copy.second], copy.kind] for copy in copies.within],
        "inTest": [[places[copy.first], data.test.files[copy.second]] for copy in copies.in_test if data.test],
        "leftOut": [list(one) for one in data.left_out],
        "issues": [[row_of[file], issue] for file, issue in data.issues.items() if file in row_of],
        "empty": sorted(places[row] for row, file in enumerate(data.files) if file in empty),
        "misfits": sorted(places[row] for row in misfits),
        "questions": [places[row] for row in result.questions.tolist()],
        "rivals": [
            {
                "fraction": round(100 * rival.fraction, 1),
                "wrong": [round(float(p), 4) for p in rival.wrong[order]],
                "suggested": rival.suggested[order].tolist(),
            }
            for rival in result.rivals
        ],
        "fraction": [round(100 * value, 1) for value in astuple(result.fraction)],
    }


def _as_script(value: Any) -> str:
    """JSON that no browser takes for the end of its script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _read(name: str) -> str:
    return reading.read_text(FOLDER / name)
