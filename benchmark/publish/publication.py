"""Results and draws of labels as a data set for the Hub, in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.analysis.results import of_methods
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.publish import HUB, metadata
from benchmark.publish import published_tables as tables
from benchmark.records.paths import slug
from benchmark.records.store import Store


def publish(out: Path, data: Path, url: str, methods: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Writes runs, of all methods where none is named, with labels drawn again; number of files, and what is missing.

    Raises BadInput: `out` holds no finished run, or none of a method.
    """
    outputs = Outputs(out / HUB, "report")
    everything, problems = Store(out).load()
    records = of_methods(everything, methods)
    if not records:
        raise BadInput(f"{out} holds no finished run to publish")
    runs, (draws, missing) = tables.runs_table(records), tables.draws_table(records, data)
    content = tables.parquet(draws)
    found: dict[str, str | bytes] = {
        "README.md": metadata.card(runs, draws, missing), "runs.parquet": tables.parquet(runs),
        "croissant.json": metadata.croissant(draws, content, url), "draws.parquet": content,
    }  # fmt: skip
    for method, text in metadata.model_index(tables.means(runs)).items():
        found[f"model-index-{slug(method)}.yaml"] = text
    written = outputs.write(found)
    outputs.remove_stale()
    return len(written), [*problems, *missing]
