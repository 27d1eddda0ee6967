"""Everything that can be read of a results folder, made from its records alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmark.analysis import learning_rates, selection, statistics
from benchmark.analysis.by_loss import by_loss
from benchmark.analysis.by_method import spreads
from benchmark.analysis.columns import to_csv
from benchmark.analysis.results import Results, of_methods
from benchmark.analysis.stopping import stopping
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.method_names import printed
from benchmark.published import papers
from benchmark.records.logged import addresses
from benchmark.records.paths import LEFT_OUT
from benchmark.records.store import Store
from benchmark.report import latex, loss_table, page, regret_table, table_files
from benchmark.report.file_names import PAPER, TABLES
from benchmark.report.markdown import plain
from benchmark.uncollected import without_collection
from datamodules import reading

#: What a reference folder keeps: enough for the README and for `compare`.
KEPT = ("leaderboard.csv", "leaderboard.md", "summary.csv", "statistics.csv", "statistics.md",
        "losses.csv", "losses.md",        "chosen.csv", "chosen.md", "stopping.csv")  # fmt: skip


@dataclass(frozen=True)
class Made:
    """The files that were written, and a line for every file in `runs/` that was left out and for what else to doubt.

    `choice` says in a line what choosing a method without clean labels costs; empty where no run tells.
    """

    files: tuple[Path, ...]
    problems: tuple[str, ...]
    choice: str = ""


@without_collection()
def make(
    out: Path,
    reference: str = "coop",
    step: Callable[[str], None] = lambda what: None,
    methods: Sequence[str] = (),
    for_paper: bool = False,
) -> Made:
    """Write tables, statistics, published comparison, pictures and the page of a results folder.

    `reference` is compared with the others, run by run; `step` is called with what is being made; without `methods` all
    are shown; `for_paper` writes only LaTeX tables, and pictures as PDF and SVG, to the folder `paper`. Files that an
    earlier report wrote are replaced or removed, others are kept.

    Raises BadInput: A file that is not ours stands in the place of one, there are no runs of a method, or no record can
    be used, and there are tables.
    """
    store, outputs = Store(out), Outputs(out, "report for a paper" if for_paper else "report")
    step("records")
    everything = _read(store)
    campaign = Results.of(of_methods(everything.records, methods), everything.problems) if methods else everything
    choices, doubts = selection.chosen(campaign.records), campaign.doubts()
    step("tables")
    found = statistics.differences(everything.seen, reference)
    found = found[found["method"].isin(campaign.board["method"])]
    tex = latex.tables(campaign.board, spreads(campaign.seen), found, reference)
    files: dict[str, str | bytes] = {PAPER: tex}
    if not for_paper:
        caveats = [*statistics.caveats(campaign.seen), *doubts]
        files = {"leaderboard.tex": tex, **_tables(campaign, choices, found, _prose(found, caveats, reference))}
        step("page")
        files["report.html"] = page.build(campaign, found, caveats, store.failures(), out, addresses(out))
    step("pictures")
    written = outputs.write(files | _drawn(campaign, for_paper))
    outputs.remove_stale()
    return Made(tuple(sorted(written)), (*campaign.problems, *doubts), selection.sentence(choices))


def _tables(campaign: Results, choices: pd.DataFrame, found: pd.DataFrame, prose: str) -> dict[str, str]:
    return {
        **table_files.texts(campaign.board), "statistics.csv": to_csv(found), "statistics.md": prose,
        "published.csv": to_csv(papers.comparison(campaign.board)), **loss_table.files(by_loss(campaign.board)),
        **regret_table.files(choices, stopping(campaign.records)),
    }  # fmt: skip


def _read(store: Store) -> Results:
    campaign = Results.of(*store.load())
    if not campaign.records and (store.out / TABLES[0]).is_file():
        raise BadInput(f"the tables of {store.out} are kept, as no record can be used: {'; '.join(campaign.problems)}")
    if not (store.out / LEFT_OUT).is_file():
        return campaign
    left_out = f"some files of the data sets are not images and were skipped: {LEFT_OUT}"
    return replace(campaign, problems=(*campaign.problems, left_out))


def _drawn(campaign: Results, for_paper: bool) -> dict[str, str | bytes]:
    """Every picture that the records allow, and the table and picture of learning rates where several were tried."""
    from benchmark.report.pictures import draw_all  # and matplotlib, which nothing before needs

    tuned = learning_rates.tuning(swept := learning_rates.sweep(campaign.records))
    return {**draw_all(campaign, for_paper), **(rate_files(swept, tuned) if len(tuned) and not for_paper else {})}


def rate_files(seen: pd.DataFrame, table: pd.DataFrame) -> dict[str, str | bytes]:
    """`tuning.csv` and the picture of accuracy against learning rate, by their names in a results folder."""
    from benchmark.report.pictures.image_files import render
    from benchmark.report.pictures.style import styled
    from benchmark.report.pictures.sweep import against_rate

    with styled():
        drawn = render(against_rate(seen, table))
    return {"tuning.csv": to_csv(table)} | {f"plots/learning-rates.{kind}": content for kind, content in drawn.items()}


def publish(out: Path, reference: Path, pictures: bool = True) -> list[Path]:
    """Copy what a repository keeps of a finished campaign: the tables and perhaps pictures, without the records.

    Returns the files written; what was published there before and the campaign does not have is removed.
    """
    made = make(out)
    folders = ("plots", "tables") if pictures else ("tables",)
    kept = [path for path in made.files if path.name in KEPT or path.parent.name in folders]
    outputs = Outputs(reference, "report")
    written = outputs.write({path.relative_to(out).as_posix(): reading.read_bytes(path) for path in kept})
    outputs.remove_stale()
    return written


def _prose(found: pd.DataFrame, caveats: list[str], reference: str) -> str:
    lines = [
        f"# Differences to {plain(printed(reference))}\n",
        "Paired run by run, mean over all noisy rates, in points of accuracy.\n",
    ]
    lines += [
        f"- {plain(line)}"
        for line in statistics.sentences(found) or ["no runs can be paired with the reference method"]
    ]
    lines += ["\n# What these runs cannot show\n"] + [f"- {line}" for line in caveats] if caveats else []
    return "\n".join(lines) + "\n"
