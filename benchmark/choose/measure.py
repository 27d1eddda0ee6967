"""What `choose` costs, from two benches: `python -m benchmark.choose.measure FULL HELD OUT.csv`.

FULL and HELD are results folders of the same grid, HELD with a recipe that has `hold_out`; the table of regrets is
written to OUT. Each seed is one data set with doubtful labels, of which one part is held out once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

from benchmark.audit.data import corrupt_dataset
from benchmark.choose.confusion import dominant_share, estimated_confusion
from benchmark.choose.expected import Regret, add_to_table
from benchmark.choose.rule import decide
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report.chosen import DEFAULT
from benchmark.report.tuning import last_noisy_val
from datamodules.catalog import open_dataset
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import zero_shot_weights
from methods.clip.loading import load_backbone

Cell = tuple[str, str, str, float, int, int]
"""Backbone, data set, kind and rate of noise, shots, seed."""


def cell_of(record: Record) -> Cell:
    """The draw and labels that a record was trained with."""
    run = record.run
    return run.backbone, run.dataset, run.noise, run.rate or 0.0, run.shots, run.seed


def dominant_shares(cells: Iterable[Cell]) -> dict[Cell, float]:
    """For each cell the share of classes whose own label is estimated to be the likeliest one."""
    found: dict[Cell, float] = {}
    for name, dataset in dict.fromkeys(cell[:2] for cell in cells):
        backbone, opened = load_backbone(name), open_dataset(dataset)
        features = FeatureBank(backbone).plain(opened.train.images)
        text = zero_shot_weights(backbone, opened.classes, opened.template)
        for cell in cells:
            if cell[:2] == (name, dataset):
                kind = cell[2] if cell[3] else "symmetric"
                drawn = corrupt_dataset(dataset, opened, kind, cell[3], cell[4], cell[5])
                rows = torch.from_numpy(drawn.images.rows)  # type: ignore[attr-defined]
                confusion = estimated_confusion(features[rows], torch.from_numpy(drawn.given), text)
                found[cell] = dominant_share(confusion)
    return found


def measured(full: Sequence[Record], held: Sequence[Record]) -> Iterator[Regret]:
    """The regret in every cell that both benches have, with the default among its methods."""
    scores: dict[Cell, dict[str, float]] = {}
    agreements: dict[Cell, dict[str, list[float]]] = {}
    for record in full:
        scores.setdefault(cell_of(record), {})[record.run.method] = record.score
    for record in held:
        if (value := last_noisy_val(record)) is not None:
            agreements.setdefault(cell_of(record), {})[record.run.method] = [value]
    cells = sorted(cell for cell in agreements if DEFAULT in scores.get(cell, {}))
    shares = dominant_shares(cells)
    for cell in cells:
        own = scores[cell]
        choice = decide({name: kept for name, kept in agreements[cell].items() if name in own}, shares[cell], DEFAULT)
        best = max(own, key=lambda name, own=own: (own[name], name))  # type: ignore[misc]
        yield Regret(
            cell[1], cell[2], cell[3], cell[5], shares[cell], choice.by, choice.method, own[choice.method], best,
            own[best], DEFAULT, own[DEFAULT],
        )  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Writes the table; 2 unless there are three words."""
    if len(words) != 3:
        sys.stderr.write("usage: python -m benchmark.choose.measure FULL HELD OUT.csv\n")
        return 2
    full, held, out = map(Path, words)
    for row in measured(Store(full).load().records, Store(held).load().records):
        add_to_table(out, row)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
