"""One W&B run per record, and one for a whole campaign."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.tracking.mode import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that a W&B call may take before the run is given up.
PATIENCE = 60.0
#: Only what this version of wandb knows is set: names of settings changed over time.
_SETTINGS = {"console": "off", "silent": True, "save_code": False, "disable_git": True, "x_disable_stats": True,
             "disable_job_creation": True, "init_timeout": PATIENCE, "finish_timeout": PATIENCE,
             "finish_timeout_raises": True}  # fmt: skip
_LONGEST_TAG = 64


@dataclass(frozen=True)
class Target:
    """Where runs are logged to: W&B's project, the group they share, the mode, and the results folder."""

    out: Path
    mode: Mode
    project: str = "promptnoise"
    campaign: str = ""

    @property
    def group(self) -> str:
        """The campaign's name, by default that of the results folder."""
        return self.campaign or self.out.resolve().name


def log_record(record: Record, content: bytes, target: Target) -> str:
    """Log one run: its configuration, its curves epoch by epoch, its final metrics; returns its address, if it has one.

    The run's id is made from the record's bytes, so that logging the same record again makes no second run.
    """
    run = record.run
    config = {**asdict(run), "key": run.key, "device": record.device, "versions": dict(record.versions),
              "hashes": {**record.hashes, "labels": record.noise.labels_sha256}}  # fmt: skip
    rate = "measured" if run.rate is None else f"{run.rate:g}"
    tags = [run.dataset, run.noise, f"rate {rate}", run.backbone, record.status]
    name = f"{run.dataset} {run.method} {run.noise} {rate} seed {run.seed}"
    with _wandb_run(target, hashlib.sha256(content).hexdigest()[:16], name, run.method, config, tags) as logged:
        logged.define_metric("*", step_metric="epoch")
        for values in _steps(record.curves):
            logged.log(values)
        logged.summary.update(_summary(record))
        return getattr(logged, "url", None) or ""


def log_campaign(target: Target, identity: str, board: Any, pictures: list[Path]) -> None:
    """Log the campaign's last run: the leaderboard as a table, the pictures, and all records as an artifact.

    Args:
        target: Where to.
        identity: The run's id.
        board: The leaderboard, a data frame.
        pictures: PNG files.
    """
    import wandb

    with _wandb_run(target, identity, f"{target.group} leaderboard", "leaderboard", {}, []) as logged:
        logged.log({"leaderboard": wandb.Table(dataframe=board)})
        logged.log({path.stem: wandb.Image(str(path)) for path in pictures})
        artifact = wandb.Artifact(f"{slug(target.group)}-records", type="records")
        for path in sorted((target.out / "runs").glob("*/*.json")):
            artifact.add_file(str(path), name=path.relative_to(target.out).as_posix())
        logged.log_artifact(artifact)


@contextmanager
def _wandb_run(
    target: Target, identity: str, name: str, kind: str, config: Mapping[str, Any], tags: list[str]
) -> Iterator[Any]:
    import wandb

    known = wandb.Settings()
    settings = wandb.Settings(**{name: value for name, value in _SETTINGS.items() if hasattr(known, name)})
    run = wandb.init(
        project=target.project, group=target.group, job_type=kind[:_LONGEST_TAG], name=name, id=identity,
        config=dict(config), tags=[tag[:_LONGEST_TAG] for tag in tags if tag], dir=str(target.out), mode=target.mode,
        settings=settings, resume="allow" if target.mode == "online" else None,
    )  # fmt: skip
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def _steps(curves: Mapping[str, tuple[float | None, ...]]) -> Iterator[dict[str, float]]:
    """What is logged at each epoch, counted from 1; values that were not measured are left out."""
    for i in range(max(map(len, curves.values()), default=0)):
        values = {name: curve[i] for name, curve in curves.items() if i < len(curve)}
        yield {"epoch": i + 1, **{name: value for name, value in values.items() if value is not None}}


def _summary(record: Record) -> dict[str, Any]:
    values = {
        "accuracy": record.accuracy, "oracle_best_accuracy": record.oracle_best_accuracy,
        "zero_shot_accuracy": record.zero_shot_accuracy, "ece": record.ece, "harmonic_mean": record.harmonic_mean,
        "seen_accuracy": record.seen_accuracy, "unseen_accuracy": record.unseen_accuracy,
        "noise_realised": record.noise.realised, "wrong_labels": record.noise.wrong, "status": record.status,
        "seconds": record.seconds, "parameters": record.parameters,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}
