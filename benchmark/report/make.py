"""Everything that can be read of a results folder, made from its records alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.published import papers
from benchmark.records.store import Store
from benchmark.report import leaderboard, page, statistics, tables
from benchmark.report.leaderboard import observations
from datamodules import atomic

#: What a reference folder keeps: enough for the README and for `compare`.
KEPT = ("leaderboard.csv", "leaderboard.md", "leaderboard.tex", "summary.csv", "statistics.csv", "statistics.md")


@dataclass(frozen=True)
class Made:
    """The files that were written, and one line for every file in `runs/` that was left out."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


def make(out: Path, reference: str = "coop", step: Callable[[str], None] = lambda what: None) -> Made:
    """Write tables, statistics, published comparison, pictures and the page of a results folder.

    Args:
        out: The results folder; its records are read, everything else below it may be replaced.
        reference: The method that the others are compared with, run by run.
        step: Told what is being made, for a progress line.

    Raises:
        OSError: The folder cannot be written.
    """
    from benchmark.report.pictures import draw_all

    store = Store(out)
    step("records")
    records, problems = store.load()
    step("tables")
    board = tables.write_all(records, out)
    step("statistics")
    seen = observations(records)
    found, caveats = statistics.differences(seen, reference), statistics.caveats(seen)
    atomic.write(out / "statistics.csv", leaderboard.to_csv(found))
    atomic.write(out / "statistics.md", _prose(statistics.sentences(found), caveats, reference))
    atomic.write(out / "published.csv", leaderboard.to_csv(papers.comparison(board)))
    step("page")
    atomic.write(out / "report.html", page.build(records, found, caveats, store.failures(), problems))
    step("pictures")
    pictures = draw_all(records, out / "plots")
    for stale in sorted(set((out / "plots").glob("*")) - set(pictures)):
        stale.unlink()
    written = [
        *(path for path in sorted(out.glob("*")) if path.is_file()),
        *sorted((out / "tables").glob("*")),
        *pictures,
    ]
    return Made(tuple(written), tuple(problems))


def publish(out: Path, reference: Path, pictures: bool = True) -> list[Path]:
    """Copy what a repository keeps of a finished campaign: the tables and perhaps pictures, without the records.

    Returns the files written; tables and pictures in `reference` that the campaign does not have are removed.
    """
    made = make(out)
    folders = ("plots", "tables") if pictures else ("tables",)
    kept = [path for path in made.files if path.name in KEPT or path.parent.name in folders]
    written = []
    for path in kept:
        target = reference / path.relative_to(out)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        written.append(target)
    for folder in ("plots", "tables"):
        for stale in sorted(set((reference / folder).glob("*")) - set(written)):
            stale.unlink()
    return written


def _prose(sentences: list[str], caveats: list[str], reference: str) -> str:
    lines = [
        f"# Differences to `{reference}`\n",
        "Paired run by run, mean over all noisy rates, in points of accuracy.\n",
    ]
    lines += [f"- {line}" for line in sentences or ["no runs can be paired with the reference method"]]
    lines += ["\n# What these runs cannot show\n"] + [f"- {line}" for line in caveats] if caveats else []
    return "\n".join(lines) + "\n"
