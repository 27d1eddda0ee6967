"""One W&B run per record, and one for a whole campaign."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.tracking.run_config import config_of
from benchmark.tracking.target import LONGEST_TAG, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that a W&B call may take before the run is given up.
PATIENCE = 60.0
#: Seconds between questions whether W&B holds a run; it may need a moment.
PAUSES = (0.0, 1.0, 3.0, 6.0)
#: Only what this version of wandb knows is set: names of settings changed over time.
_SETTINGS = {"console": "off", "silent": True, "save_code": False, "disable_git": True, "x_disable_stats": True,
             "x_disable_meta": True, "x_disable_machine_info": True, "x_save_requirements": False,
             "disable_job_creation": True, "init_timeout": PATIENCE, "finish_timeout": PATIENCE,
             "finish_timeout_raises": True}  # fmt: skip


class NotKept(Exception):
    """W&B's client ended without an error, and the server does not have what it was given."""


def log_record(record: Record, content: bytes, target: Target, again: bool = False) -> str:
    """Log one run: its configuration, its curves epoch by epoch, its final metrics; returns its address, if it has one.

    The run's id is made from the record's bytes, so that logging the same record again makes no second run: epochs
    that W&B has are passed over. `again` says that files of it lie beside the results on purpose.

    Raises Exception: Whatever wandb raises. Raises NotKept: The server does not have it.
    """
    run = record.run
    rate = "measured" if run.rate is None else f"{run.rate:g}"
    tags = [run.dataset, run.noise, f"rate {rate}", run.backbone_name, record.status]
    name = f"{run.dataset} {run.method} {run.noise} {rate} seed {run.seed}"
    identity = hashlib.sha256(content).hexdigest()[:16]
    if not again:
        _remove_earlier(target, identity)
    with _wandb_run(target, identity, name, run.method, config_of(record), tags) as logged:
        logged.define_metric("*", step_metric="epoch")
        for step, values in enumerate(epochs_of(record.curves)):
            if step >= getattr(logged, "step", 0):
                logged.log(values, step=step)
        logged.summary.update(summary_of(record))
    return getattr(logged, "url", None) or ""


def log_campaign(
    target: Target, identity: str, tables: Mapping[str, Any], pictures: Mapping[str, bytes], records: Sequence[Path]
) -> None:
    """Log a campaign's own run: tables, pictures (PNG), and as an artifact all records, files below the results folder.

    `identity` is the run's id; logged again, the newest tables and pictures are shown.

    Raises Exception: Whatever wandb raises. Raises NotKept: The server does not have it.
    """
    import wandb

    _remove_earlier(target, identity)
    with (
        TemporaryDirectory() as folder,
        _wandb_run(target, identity, f"{target.group} leaderboard", "leaderboard", {}, []) as logged,
    ):
        media: dict[str, Any] = {name: wandb.Table(dataframe=table) for name, table in tables.items()}
        for name, picture in pictures.items():
            file = Path(folder) / f"{name}.png"
            file.write_bytes(picture)
            media[f"plots/{name}"] = wandb.Image(str(file))
        logged.log(media)
        artifact = wandb.Artifact(f"{slug(target.group)}-records", type="records")
        for path in records:
            artifact.add_file(str(path), name=path.relative_to(target.out).as_posix())
        logged.log_artifact(artifact)


@contextmanager
def _wandb_run(
    target: Target, identity: str, name: str, kind: str, config: Mapping[str, Any], tags: list[str]
) -> Iterator[Any]:
    import wandb

    known = wandb.Settings()
    settings = wandb.Settings(**{name: value for name, value in _SETTINGS.items() if hasattr(known, name)})
    labels = dict.fromkeys(tag[:LONGEST_TAG] for tag in [*tags, *target.tags] if tag)
    run = wandb.init(
        project=target.project, entity=target.entity or None, group=target.group, job_type=kind[:LONGEST_TAG],
        name=name, id=identity, config=dict(config), tags=list(labels), dir=str(target.out), mode=target.mode,
        settings=settings, resume="allow" if target.mode == "online" else None,
    )  # fmt: skip
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()
    if target.mode == "online":
        _check_kept(run)


def _check_kept(run: Any, wait: Callable[[float], None] = time.sleep) -> None:
    """Asks the server for a run that is finished: wandb's client says nothing where its uploads were refused.

    Raises NotKept: It lacks the end of the run, or a table or picture.
    """
    import wandb

    media = {path.as_posix().split("/files/", 1)[1] for path in Path(run.dir).glob("media/**/*.*")}
    state, missing = "", media
    for pause in PAUSES:
        wait(pause)
        held = wandb.Api(timeout=int(PATIENCE)).run(run.path)
        state = held.state
        missing = media - {file.name for file in held.files(names=sorted(media))} if media else media
        if state == "finished" and not missing:
            return
    lacks = f"{len(missing)} of {len(media)} tables and pictures" if missing else "the end of the run"
    raise NotKept(f"W&B took the run and lacks {lacks}; it is {state or 'unknown'} there")


def _remove_earlier(target: Target, identity: str) -> None:
    """Removes files of a run that is logged from the start now: a process was stopped, or the campaign has grown."""
    if target.mode == "offline":
        for folder in (target.out / "wandb").glob(f"offline-run-*-{identity}"):
            shutil.rmtree(folder, ignore_errors=True)


def epochs_of(curves: Mapping[str, tuple[float | None, ...]]) -> Iterator[dict[str, float]]:
    """Yields what is logged at each epoch, counted from 1; values that were not measured are left out."""
    for i in range(max(map(len, curves.values()), default=0)):
        values = {name: curve[i] for name, curve in curves.items() if i < len(curve)}
        yield {"epoch": i + 1, **{name: value for name, value in values.items() if value is not None}}


def summary_of(record: Record) -> dict[str, Any]:
    """The final numbers of a run, those that it has."""
    values = {
        "accuracy": record.accuracy, "oracle_best_accuracy": record.oracle_best_accuracy,
        "zero_shot_accuracy": record.zero_shot_accuracy, "ece": record.ece, "harmonic_mean": record.harmonic_mean,
        "seen_accuracy": record.seen_accuracy, "unseen_accuracy": record.unseen_accuracy,
        "noise_realised": record.noise.realised, "wrong_labels": record.noise.wrong, "status": record.status,
        "seconds": record.seconds, "parameters": record.parameters,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}
