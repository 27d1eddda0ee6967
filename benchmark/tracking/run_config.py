"""What a run is, in columns by which W&B can group, filter and plot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmark.plan import method_catalog
from benchmark.plan.axes import Run, plain
from benchmark.plan.short_names import short_name
from benchmark.records.record import Record
from datamodules.errors import UserError
from datamodules.names import parse_spec


def config_of(record: Record) -> dict[str, Any]:
    """The configuration of a W&B run: the run's fields, the same in parts, and what the run was made with.

    W&B shows a mapping as columns of their own: `method_options.q`, `settings.lr`.
    """
    run = record.run
    options = {**_defaults(run.method_name), **_options(run)}
    return {
        **asdict(run), **parts_of(run), "method_options": options, "settings": dict(record.settings), "key": run.key,
        "precision": record.precision, "device": record.device, "versions": dict(record.versions),
        "hashes": {**record.hashes, "labels": record.noise.labels_sha256},
    }  # fmt: skip


def parts_of(run: Run) -> dict[str, Any]:
    """Short names of what a run's fields spell out with options: `gce` of `gce[q=0.5]`."""
    names = {f"{axis}_name": plain(value) for axis, value in asdict(run).items() if isinstance(value, str)}
    own = {"dataset_name": short_name(run.dataset), "backbone_name": run.backbone_name}
    return {**names, **own, "noise_kind": names.pop("noise_name")}


def _options(run: Run) -> dict[str, Any]:
    """The options that the method's name carries; as texts where the method is not installed any more."""
    try:
        given = parse_spec(run.method)[1]
    except UserError:
        return {}
    try:
        return _plain(method_catalog.method(run.method_name).values(given))
    except UserError:
        return dict(given)


def _defaults(method: str) -> dict[str, Any]:
    try:
        options = method_catalog.method(method).options
    except UserError:
        return {}
    return _plain({name: option.default for name, option in options.items() if option.known})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    joined = {name: "+".join(map(str, value)) if isinstance(value, tuple) else value for name, value in values.items()}
    return {
        name.rstrip("_"): value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in joined.items()
    }
