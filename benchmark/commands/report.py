"""`promptnoise report`: make tables, statistics, pictures and a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.commands._folders import check_results
from benchmark.outputs import Outputs
from benchmark.plan.method_spec import parse_method
from benchmark.records.store import Store
from benchmark.report.file_names import REPORT, tables_of
from benchmark.screen import Screen
from datamodules.errors import UserError

GROUP = "read"


@dataclass(frozen=True)
class Options:
    """Make leaderboard, tables, statistics, plots and report.html of a results folder from its records."""

    out: Path = Path("results")
    """The results folder."""

    reference: str = "coop"
    """The reference method of the paired comparison."""


def main(options: Options) -> int:
    """Writes everything and names it."""
    reference = _method(options)
    check_results(options.out)
    Outputs(options.out, "report").check([*REPORT, *tables_of(options.out)])
    console = Screen()
    with console.status("reading records") as status:
        from benchmark.report import make as report

        made = report.make(options.out, reference, lambda what: status.update(f"making {what}"))
    for problem in made.problems:
        console.say(problem, "yellow")
    if made.choice:
        console.say(made.choice)
    console.say(f"{len(made.files)} files written; open {options.out / 'report.html'}")
    return 0


def _method(options: Options) -> str:
    """The reference method under its one name; one that is not installed here must be among the records."""
    try:
        return parse_method(options.reference).name
    except UserError:
        if options.reference not in {record.run.method for record in Store(options.out).load().records}:
            raise
        return options.reference
