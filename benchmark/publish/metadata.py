"""What says what the tables are: the card of the data set, Croissant, and the Hub's evaluation results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import DatasetCardData, EvalResult, ModelCardData

from benchmark.plan.method_names import printed
from benchmark.publish.published_tables import LABELS, RUNS
from datamodules import reading

#: The licence of results and labels, and what cites them.
LICENCE, LICENCE_PAGE = "apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"
CITE = "The promptnoise contributors: promptnoise, a benchmark of prompt-tuning CLIP under label noise."
ABOUT = "Labels, given and true, of images of public data sets: no image is here. An index counts the training split."
CROISSANT = "http://mlcommons.org/croissant/1.1"


def card(runs: pd.DataFrame, draws: pd.DataFrame, missing: list[str]) -> str:
    """README.md of the data set: the Hub's header, what each column is with its unit, what is missing, the licence."""
    files = [{"config_name": name, "data_files": f"{name}.parquet"} for name in ("runs", "draws")]
    header = DatasetCardData(
        license=LICENCE, pretty_name="promptnoise results", tags=["label-noise", "clip", "prompt-tuning"], configs=files
    )
    columns = {name: "an axis of the benchmark" for name in runs if name not in RUNS} | RUNS
    parts = [f"---\n{header.to_yaml()}\n---\n\n# Results of promptnoise\n\n{CITE}\n\nLicence: {LICENCE}. {ABOUT}\n"]
    for name, table, meanings in (("runs", runs, columns), ("draws", draws, LABELS)):
        rows = "".join(f"| `{column}` | {table[column].dtype} | {text} |\n" for column, text in meanings.items())
        parts.append(f"## {name}.parquet: {len(table)} rows\n\n| column | type | what |\n| :-- | :-- | :-- |\n{rows}")
    parts += ["## Not here\n\n" + "".join(f"- {line.partition(': ')[0]}\n" for line in missing)] * bool(missing)
    return "\n".join(parts)


def croissant(draws: pd.DataFrame, content: bytes, url: str = "") -> str:
    """Croissant 1.1 of draws.parquet, whose bytes are `content`, to be found at `url`: a record per image of a draw."""
    kinds = {"i": "sc:Integer", "f": "sc:Float"}
    fields = [
        {"@type": "cr:Field", "@id": f"draws/{name}", "name": f"draws/{name}", "description": text,
         "dataType": kinds.get(draws[name].dtype.kind, "sc:Text"),
         "source": {"fileObject": {"@id": "draws.parquet"}, "extract": {"column": name}}}
        for name, text in LABELS.items()
    ]  # fmt: skip
    sha256 = hashlib.sha256(content).hexdigest()
    file = {"@type": "cr:FileObject", "@id": "draws.parquet", "name": "draws.parquet", "contentUrl": "draws.parquet",
            "encodingFormat": "application/x-parquet", "sha256": sha256}  # fmt: skip
    whole = {
        "@context": json.loads(reading.read_bytes(Path(__file__).with_name("croissant_context.json"))),
        "@type": "sc:Dataset", "name": "promptnoise-draws", "description": ABOUT, "conformsTo": CROISSANT,
        "citeAs": CITE, "license": LICENCE_PAGE, "version": "1.0.0", "datePublished": str(date.today()),
        **({"url": url} if url else {}),
        "distribution": [file],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "draws", "name": "draws", "field": fields}],
    }  # fmt: skip
    return json.dumps(whole, indent=1) + "\n"


def model_index(means: pd.DataFrame) -> Mapping[str, str]:
    """The Hub's evaluation results by method, as YAML for the header of a model's card; of `published_tables.means`."""
    found = {}
    for method, rows in means.groupby("method"):
        each: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
        words = "test accuracy, %; {noise} noise {rate:g}, {shots} shots, {backbone}"
        results = [
            EvalResult("image-classification", row["dataset"], row["dataset"], "accuracy", round(row["accuracy"], 2),
                       metric_name=words.format(**row)) for row in each
        ]  # fmt: skip
        found[str(method)] = ModelCardData(model_name=printed(str(method)), eval_results=results).to_yaml() + "\n"
    return found
