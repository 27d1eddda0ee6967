"""`promptnoise merge`: join the records of several results folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.commands._folders import check_results, check_writable
from benchmark.errors import BadInput
from benchmark.outputs import Outputs, check_folders
from benchmark.records.joined import merge, read_origins
from benchmark.records.store import Store
from benchmark.report.file_names import TABLES, tables_of
from benchmark.screen import Screen
from datamodules.names import number_of

GROUP = "read"


@dataclass(frozen=True)
class Options:
    """Merge results folders; records with other weights, images or labels are refused, with the reason."""

    folders: tuple[Path, ...]
    """Results folders; the first folder's record of a run is kept."""

    out: Path = Path("results")
    """Folder to write to; existing records in it take precedence."""


def main(options: Options) -> int:
    """Merges, and tells what came from where; 1 if something was refused or cannot be read."""
    for folder in options.folders:
        check_results(folder)
        if folder.resolve() == options.out.resolve():
            raise BadInput(f"{folder} is the folder to write to; give another --out, or leave it out of the list")
    check_writable("the folder of --out", options.out)
    Outputs(options.out, "report").check([*TABLES, *tables_of(options.out, *options.folders)])
    check_folders(options.out, ["failed"])
    read_origins(options.out)
    from benchmark.analysis.results import Results
    from benchmark.report import table_files

    console = Screen()
    merged = merge(options.folders, options.out)
    for folder in options.folders:
        console.say(f"{number_of(merged.added[str(folder)], 'run')} from {folder}")
    if merged.twice:
        console.say(f"{merged.twice} were there already, at most {merged.apart:.2f} points apart; the first stay")
    for line in [*merged.problems, *(f"{count} refused from {why}" for why, count in merged.refused.items())]:
        console.say(line, "yellow")
    campaign = Results.of(*Store(options.out).load())
    table_files.write_all(campaign, options.out)
    for line in campaign.doubts():
        console.say(line)
    console.say(
        f"{number_of(len(campaign.records), 'run')} in {options.out}; leaderboard: {options.out / 'leaderboard.csv'}"
    )
    return 1 if merged.problems or merged.refused else 0
