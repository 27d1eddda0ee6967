"""Which runs a data set of features admits: it brings its backbone, of which only the outputs are there.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmark.plan.method_spec import MethodSpec
from benchmark.plan.short_names import short_name
from datamodules import catalog
from datamodules.encoded import Outputs

#: What a method can need of a backbone, each including those before it, and why a file of features may lack it.
NEEDS = {
    "features": "",
    "texts": "they use the class names' text features, and the file has none",
    "text tower": "they prompt the text tower, and the file has its outputs only",
    "image tower": "they change the image tower, and the file has its outputs only",
}


def outputs_of(dataset: str) -> Outputs | None:
    """What is known of the backbone that encoded a data set; None where the data set has pictures.

    Raises DataError: a file of features that cannot be used.
    """
    if not dataset.strip().startswith("features:"):
        return None
    return catalog.open_dataset(dataset).outputs


def own_backbone(dataset: str) -> str:
    """The backbone that a data set brings; empty where it has pictures."""
    outputs = outputs_of(dataset)
    return "" if outputs is None else outputs.name


def lacks(dataset: str, method: MethodSpec) -> str:
    """What a method needs that a data set's backbone lacks, one of `NEEDS`; empty if nothing."""
    outputs = outputs_of(dataset)
    if outputs is None:
        return ""
    need = method.info.needs(method.values)
    there = "features" if outputs.texts is None else "texts"
    return need if list(NEEDS).index(need) > list(NEEDS).index(there) else ""


def left_out(datasets: Iterable[str], methods: Sequence[MethodSpec]) -> list[str]:
    """One line for each reason why methods cannot train on data sets of features."""
    found: dict[tuple[str, str], list[str]] = {}
    for dataset in datasets:
        names: dict[str, list[str]] = {}
        for method in methods:
            if need := lacks(dataset, method):
                can = instead(dataset, method)
                names.setdefault(need, []).append(f"{method.name} (but not {can})" if can else method.name)
        for need, own in names.items():
            found.setdefault((need, ", ".join(dict.fromkeys(own))), []).append(short_name(dataset))
    return [f"{names} on {', '.join(shorts)}: {NEEDS[need]}" for (need, names), shorts in found.items()]


def instead(dataset: str, method: MethodSpec) -> str:
    """The method with an option more, with which it can train on a data set; empty where there is none."""
    spares = method.info.spares(method.values)
    forms = (MethodSpec(method.info, {**method.values, option: value}) for option, value in spares)
    return next((form.name for form in forms if not lacks(dataset, form)), "")


def notes(datasets: Iterable[str], shots: Sequence[int]) -> list[str]:
    """What a user should know of files of features, a line each."""
    found = []
    for dataset in datasets:
        if (outputs := outputs_of(dataset)) is None:
            continue
        counts = np.bincount(catalog.open_dataset(dataset).train.labels)
        least, name = int(counts.min()), outputs.classes[int(counts.argmin())]
        few = f"{max(shots)} shots are all images of class {name!r}, which has {least}"
        found += [f"{short_name(dataset)}: {note}" for note in (*outputs.notes, *([few] if least < max(shots) else []))]
    return found
