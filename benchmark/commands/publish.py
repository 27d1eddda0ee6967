"""`promptnoise publish`: results and draws of labels as a data set for the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.commands._folders import check_results, check_writable
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.shared_options import DATA
from benchmark.records.paths import slug
from benchmark.records.store import Store
from benchmark.screen import Screen

GROUP = "use"


@dataclass(frozen=True)
class Options:
    """Write runs and drawn labels as Parquet with a card, Croissant metadata and the Hub's evaluation results."""

    out: Path
    """The results folder."""

    to: Path = Path("publication")
    """Folder to write to."""

    url: str = ""
    """Where the tables will be found; Croissant asks for it."""

    data: Path = DATA
    """Folder of real data sets, from which labels are drawn again."""


def main(options: Options) -> int:
    """Writes all of it, and says which draws are missing."""
    check_writable("--to", options.to)
    check_results(options.out)
    outputs, console = Outputs(options.to, "publish"), Screen()
    outputs.check(["README.md", "runs.parquet", "draws.parquet", "croissant.json"])
    records, problems = Store(options.out).load()
    if not records:
        raise BadInput(f"{options.out} holds no finished run to publish")
    with console.status("drawing labels again"):
        from benchmark.publish import metadata
        from benchmark.publish import published_tables as tables

        runs, (draws, missing) = tables.runs_table(records), tables.draws_table(records, options.data)
        content = tables.parquet(draws)
        found: dict[str, str | bytes] = {
            "README.md": metadata.card(runs, draws, missing), "runs.parquet": tables.parquet(runs),
            "croissant.json": metadata.croissant(draws, content, options.url), "draws.parquet": content,
        }  # fmt: skip
        for method, text in metadata.model_index(tables.means(runs)).items():
            found[f"model-index-{slug(method)}.yaml"] = text
        written = outputs.write(found)
        outputs.remove_stale()
    for line in (*problems, *missing):
        console.say(line, "yellow")
    console.say(f"{len(written)} files written; open {options.to / 'README.md'}")
    return 0
