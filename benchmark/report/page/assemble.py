"""Puts the page together: markup, style, scripts and data in one file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from benchmark.analysis.results import Results
from benchmark.records.failures import Failure
from benchmark.report.page.payload import payload
from datamodules import reading

FOLDER = Path(__file__).parent
SCRIPTS = (
    "dom.js", "state.js", "chart.js", "downloads.js", "accuracy.js", "training.js", "evidence.js", "runs.js", "app.js",
)  # fmt: skip


def build(
    campaign: Results, differences: pd.DataFrame, caveats: Sequence[str], failures: Sequence[Failure] = (),
    out: Path | None = None, links: Mapping[str, str] = MappingProxyType({}),
) -> str:  # fmt: skip
    """The HTML of the report on these records; the same records give the same bytes.

    `differences` and `caveats` are those of `statistics`, `out` stands in the commands that the page names, and `links`
    tell by the keys of runs where they can be seen on Weights & Biases.
    """
    data = payload(campaign, differences, caveats, failures, "" if out is None else shlex.quote(f"--out={out}"), links)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "style": _read("style.css"),
        "data": text.replace("<", "\\u003c"),
        "script": "\n".join(_read(name) for name in SCRIPTS),
    }
    before, *rest = _read("page.html").split("{{")
    filled = [f"{parts[name]}{tail}" for name, tail in (piece.split("}}", 1) for piece in rest)]
    return before + "".join(filled)


def _read(name: str) -> str:
    return reading.read_text(FOLDER / name)
