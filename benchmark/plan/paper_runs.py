"""The runs of a paper's cells. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.published.protocols import Paper, Point
from datamodules.errors import nearest


@dataclass(frozen=True)
class Cell:
    """A cell of a paper and the runs, one per seed, whose mean stands there."""

    point: Point
    runs: tuple[Run, ...]


def cells(
    paper: Paper, methods: Sequence[str] = (), datasets: Sequence[str] = (), seeds: Sequence[int] = (),
    backbone: str = "", recipe: str = "", epochs: int | None = None,
) -> list[Cell]:  # fmt: skip
    """The cells of a paper in the order of its file; a method that a paradigm does not suit has no runs.

    There may be fewer methods and data sets than in the paper, and other seeds, another backbone, recipe or epochs.
    Raises BadInput: A method or data set that the paper does not have, or a value that the grid does not take.
    """
    points = _chosen(paper.points, "method", methods, lambda point: point.label)
    points = _chosen(points, "data set", datasets, lambda point: point.dataset)
    given = {"seeds": tuple(seeds), "backbone": backbone, "recipe": recipe}
    other: dict[str, Any] = {name: value for name, value in given.items() if value}
    return [Cell(point, tuple(_runs(replace(point, **other), epochs))) for point in points]


def quick(cells: Sequence[Cell], missing: Container[str]) -> list[Cell]:
    """The cells of the first data set that is not missing (else of the first of all), with their first seed only."""
    runs = [run for cell in cells for run in cell.runs]
    one = next((run.dataset for run in runs if run.dataset not in missing), runs[0].dataset)
    first = [replace(cell, runs=cell.runs[:1]) for cell in cells]
    return [cell for cell in first if any(run.dataset == one for run in cell.runs)]


def _chosen(
    points: Iterable[Point], what: str, names: Sequence[str], name_of: Callable[[Point], str]
) -> tuple[Point, ...]:
    points = tuple(points)
    there = list(dict.fromkeys(map(name_of, points)))
    for name in names:
        if name not in there:
            raise BadInput(f"the paper has no {what} {name!r}: {nearest(name, there)}")
    return tuple(point for point in points if not names or name_of(point) in names)


def _runs(point: Point, epochs: int | None) -> list[Run]:
    return Grid(
        methods=[point.method], rates=[point.rate], shots=[point.shots], paradigms=[point.paradigm],
        datasets=[f"{point.dataset}[template={point.template}]" if point.template else point.dataset],
        kinds=["symmetric" if point.noise == "none" else point.noise], seeds=point.seeds, backbones=[point.backbone],
        recipes=[point.recipe], epochs=epochs,
    ).runs()  # fmt: skip
