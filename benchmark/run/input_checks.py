"""What is looked at before any training: data sets, labels, backbones, and which methods suit them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.records.record import Record
from benchmark.run.resources import Resources
from benchmark.run.training import build, specs
from datamodules import noise
from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.fewshot import lacking_shots
from datamodules.formats.tables import tables_folder
from datamodules.notices import say_once
from datamodules.run_spec import labelled, noisy_labels
from datamodules.training_sets import TrainingSets
from methods.clip.backbone import Backbone
from methods.clip.loading import choose_precision
from methods.errors import BackboneError, MethodError, UnsupportedError

logger = logging.getLogger(__name__)


def find_unsupported(
    resources: Resources, runs: Sequence[Run], devices: Sequence[str], fewer_shots: bool = False
) -> dict[tuple[str, str], str]:
    """Opens everything that the runs need; returns why a method cannot run, by (backbone, method).

    With `fewer_shots` classes may have fewer images than shots, which is said.
    Backbones are loaded here on the CPU for this alone, before every worker loads its own.

    Raises DataError: a data set that cannot be opened, has one class only, too few images or not the labels asked for.
    Raises BackboneError: a backbone that cannot be loaded. Raises MethodError: options that a method does not take.
    """
    for name, shots in sorted({(run.dataset, run.shots if run.draws_shots else 0) for run in runs}):
        dataset = resources.dataset(name)
        if shots:
            lacking = lacking_shots(dataset.train.labels, dataset.classes, shots)
            if not lacking or dataset.outputs is not None:  # a file holds a draw already: all of it will do
                continue
            if not fewer_shots:
                ways = "--fewer_shots takes what there is, as CoOp does, and --shots=all every image"
                raise DataError(f"{name}: {lacking}; {ways}")
            say_once(logger, f"{name}: {lacking}; such classes use all they have")
    for run in {(run.dataset, run.noise): run for run in runs if run.rate is None}.values():
        _check_own_labels(resources, run)
    load = _loader(resources, devices)
    for teacher in sorted({teacher for run in runs for teacher in run.spec.info.teachers(run.spec.values)}):
        load(teacher)
    reasons: dict[tuple[str, str], str] = {}
    for name, place in sorted({run.backbone: run.dataset for run in runs}.items()):
        own = [run for run in runs if run.backbone == name]
        reasons |= _try_methods(resources, load(name, dataset=place), own)
    return reasons


def check_same_inputs(
    records: Sequence[Record], runs: Sequence[Run], resources: Resources, devices: Sequence[str]
) -> None:
    """Checks by hash that finished runs used the precision, weights, images and labels that these names refer to now.

    Raises BadInput: one of them differs.
    """
    load = _loader(resources, devices)
    places = {run.backbone: run.dataset for run in runs}
    backbones = {name: load(name, dataset=dataset) for name, dataset in places.items()}
    opened = {name: resources.dataset(name) for name in {run.dataset for run in runs}}
    asked = set(runs)
    images = {name: noise.fingerprint(data.train.labels, data.test.labels) for name, data in opened.items()}
    for record in records:
        run, kept, backbone = record.run, record.hashes, backbones.get(record.run.backbone)
        if backbone is not None:
            _same("precision", run.backbone, record.precision, backbone.precision)
            _same("weights", run.backbone, record.weights, backbone.identity)
        _same("images or test labels", run.dataset, kept.get("split"), images.get(run.dataset))
        outputs = opened[run.dataset].outputs if run.dataset in opened else None
        _same("features", run.dataset, run.backbone, None if outputs is None else outputs.name)
        if run.rate is None and run in asked:  # labels come from a file, which may have changed
            _same("labels", run.noise, record.noise.labels_sha256, _labels(opened[run.dataset], run))


def _loader(resources: Resources, devices: Sequence[str]) -> Callable[..., Backbone]:
    """Loads backbones on the CPU, in the precision of the devices: workers load their own."""
    precision = choose_precision(resources.precision, torch.device(devices[0]))
    return partial(resources.backbone, device="cpu", precision=precision)


def _same(what: str, name: str, before: str | None, now: str | None) -> None:
    if before and now and before != now:
        raise BadInput(f"the finished runs here had other {what} under the name {name}; write to another --out")


def _labels(dataset: Dataset, run: Run) -> str:
    given = TrainingSets(dataset, specs([run])).given[0]
    return noise.fingerprint(given.images, given.labels)


def _check_own_labels(resources: Resources, run: Run) -> None:
    """Kinds of noise with a rate of their own read labels or class names that a data set may not have."""
    dataset, spec = resources.dataset(run.dataset), specs([run])[0]
    try:
        noisy_labels(dataset, spec, labelled(dataset, spec), lambda: np.empty((len(dataset.train.labels), 0)), None)
    except DataError as error:
        folder, asked = tables_folder(run.dataset, resources.data), noise.parse(run.noise)[1].get("labels", "")
        absent = not {*asked.split("+")} <= {*dataset.given} if asked else not dataset.given
        read = folder is not None and absent and "given" in noise.needs(run.noise)
        place = f"; it is read from a CSV table in {folder} (docs/data.md)" if read else ""
        raise DataError(f"{run.dataset}: {error}{place}") from None


def _try_methods(resources: Resources, backbone: Backbone, runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    """Builds each method once, on the data set with the fewest classes."""
    dataset = min((resources.dataset(name) for name in {run.dataset for run in runs}), key=lambda one: len(one.classes))
    reasons = {}
    for run in {run.method: run for run in runs}.values():
        try:
            build([run], backbone, dataset)
        except UnsupportedError as error:
            reasons[backbone.name, run.method] = str(error)
        except (MethodError, BackboneError, DataError):
            raise
        except (Exception, SystemExit) as error:  # a defect: the runs that it concerns will fail, and the others go on
            logger.info("%s cannot be built: %r", run.method, error)
    return reasons
