"""The commands that come after the one that has just ended, as they are to be typed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.plan.method_names import printed
from benchmark.records.record import BadRecord, Record
from benchmark.records.store import Store

#: Runs that are tried for one that kept a classifier.
LOOKED_AT = 20


def to_export(records: Sequence[Record], store: Store) -> str:
    """How to get the classifier of the best of some runs; empty where none of them kept one."""
    for record in sorted(records, key=lambda record: -(record.accuracy or 0.0))[:LOOKED_AT]:
        with suppress(BadRecord):
            if "class_weights" in store.learned(record):
                name = printed(record.run.method)
                words = shlex.join(["promptnoise", "export", record.key, f"--out={store.out}"])
                return f"to export the classifier with the best test accuracy ({name}), run: {words}"
    return ""


def to_predict(folder: Path) -> str:
    """How to classify pictures with the classifier in a folder."""
    return f"to classify pictures, run: {shlex.join(['promptnoise', 'predict', 'FOLDER', f'--with={folder}'])}"
