"""`promptnoise report`: make tables, statistics, pictures and a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.commands._folders import check_results
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.method_spec import parse_method
from benchmark.plan.shared_options import DATA
from benchmark.publish import HUB, HUB_FILES
from benchmark.records.store import Store
from benchmark.report.file_names import PAPER, REPORT, tables_of
from benchmark.screen import Screen
from datamodules.errors import UserError
from datamodules.names import number_of, split_list

GROUP = "read"


@dataclass(frozen=True)
class Options:
    """Make leaderboard, tables, statistics, plots and report.html of a results folder from its records."""

    out: Path = Path("results")
    """The results folder."""

    reference: str = "coop"
    """The reference method of the paired comparison."""

    methods: str = ""
    """Methods that are shown, separated by commas; all by default."""

    for_: Literal["screen", "paper", "hub"] = "screen"
    """paper: LaTeX tables, and pictures as PDF and SVG without headlines, in the folder `paper` below --out. hub: runs
    and drawn labels as Parquet with a card, Croissant metadata and evaluation results for the Hub, in `hub`."""

    url: str = ""
    """With --for=hub: where the data set will be found; Croissant asks for it."""

    data: Path = DATA
    """With --for=hub: folder of real data sets, from which labels are drawn again."""


def main(options: Options) -> int:
    """Writes everything and names it."""
    reference, *methods = (_method(options.out, name) for name in (options.reference, *split_list(options.methods)))
    check_results(options.out)
    if options.url and (options.for_ != "hub" or not options.url.startswith(("https://", "http://"))):
        raise BadInput(f"--url={options.url} should be an address, https://..., and goes with --for=hub")
    if options.for_ == "hub":
        return _hub(options, methods)
    paper = options.for_ == "paper"
    Outputs(options.out, "report").check([PAPER] if paper else [*REPORT, *tables_of(options.out)])
    console = Screen()
    with console.status("reading records") as status:
        from benchmark.report import make as report

        made = report.make(options.out, reference, lambda what: status.update(f"making {what}"), methods, paper)
    for problem in made.problems:
        console.say(problem, "yellow")
    if made.choice:
        console.say(made.choice)
    console.say(
        f"{number_of(len(made.files), 'file')} written; open {options.out / (PAPER if paper else 'report.html')}"
    )
    return 0


def _hub(options: Options, methods: list[str]) -> int:
    """Writes the folder for the Hub, and says which draws are missing."""
    Outputs(options.out / HUB, "report").check(HUB_FILES)
    console = Screen()
    with console.status("drawing labels again"):
        from benchmark.publish.publication import publish

        count, missing = publish(options.out, options.data, options.url, methods)
    for line in missing:
        console.say(line, "yellow")
    console.say(f"{number_of(count, 'file')} written; open {options.out / HUB / 'README.md'}")
    return 0


def _method(out: Path, name: str) -> str:
    """A method under its one name; one that is not installed here must be among the records."""
    try:
        return parse_method(name).name
    except UserError:
        if name not in {record.run.method for record in Store(out).load().records}:
            raise
        return name
