"""`promptnoise doctor`: what is there, missing, wrong or slow on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from benchmark.commands._folders import check_writable
from benchmark.commands._gpu_check import MARK
from benchmark.commands._gpu_check import check as check_deeply
from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.plan import groups
from benchmark.plan import options as bench
from benchmark.plan.feature_files import outputs_of
from benchmark.plan.gpu_hours import phrase
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.packs import packs
from benchmark.plan.shared_options import CACHE, Data
from benchmark.plan.towers import towers
from benchmark.run.devices import cores
from benchmark.run.environment import versions
from benchmark.screen import Screen
from benchmark.tracking.mode import HOW, choose_mode
from datamodules import catalog
from datamodules.errors import UserError

GROUP = "set up"

State = Literal["good", "note", "bad"]
#: Free space below which records and features may not fit.
LITTLE = 5 * 2**30
#: The data set of the example whose costs are told.
EXAMPLE = "pets"


@dataclass(frozen=True)
class Options(Data):
    """Check this machine for everything that bench needs; exit code 1 if something is broken."""

    backbone: str = "embedded"
    """The CLIP model to look for, or features:FILE."""

    out: Path = Path("results")
    """Folder for results."""

    cache: Path = CACHE
    """Folder for the image features of real backbones."""

    deep: bool = False
    """On a GPU, try every kind of work within six minutes, too; writes OUT/gpu/check.md, a page to send."""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at: what it is, what was found, and whether that is good."""

    what: str
    found: str
    state: State = "good"


def main(options: Options) -> int:
    """Prints a line for each; 1 if one of them is bad."""
    console = Screen()
    checks: list[Callable[[Options], Iterator[Line]]] = [
        _packages, _devices, _weights, _costs, _data, _folders, _tracking,
    ]  # fmt: skip
    bad = 0
    for check in checks:
        with console.status("looking"):
            lines = list(check(options))
        for line in lines:
            bad += line.state == "bad"
            mark, style = {"good": ("ok ", "green"), "note": ("-  ", "yellow"), "bad": ("BAD", "red")}[line.state]
            console.print(mark, style=style, end=" ")
            console.say(f"{line.what:9} {line.found}")
    if options.deep and not bad:
        return check_deeply(OneFile(options.out / "gpu" / "check.md", MARK), console)
    return 1 if bad else 0


def _packages(options: Options) -> Iterator[Line]:
    """Versions, and whether what depends on another's build can be imported."""
    yield Line("versions", ", ".join(f"{name} {number}" for name, number in versions().items()))
    for name in ("torch", "torchvision", "open_clip", "lightning"):
        try:
            import_module(name)
        except (ImportError, RuntimeError, OSError) as error:
            why = str(error).splitlines()[0]
            hint = "; torch and torchvision must be of one build" if name in ("torchvision", "open_clip") else ""
            yield Line(name, f"cannot be imported: {why}{hint}", "bad")
            return


def _devices(options: Options) -> Iterator[Line]:
    import torch

    gpus = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    count = cores()
    yield Line("cpu", f"{count} cores", "good" if count > 1 else "note")
    for number, gpu in enumerate(gpus):
        yield Line("gpu", f"{number}: {gpu.name}, {gpu.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}")
    if not gpus:
        built = torch.version.cuda
        why = "torch is built for the CPU" if built is None else f"torch is built for CUDA {built}, and sees no GPU"
        yield Line("gpu", f"none ({why}): fine for embedded models, slow to encode images with real ones", "note")


def _weights(options: Options) -> Iterator[Line]:
    from methods.clip.loading import load_backbone
    from methods.clip.weights import advice, is_remote, resolve

    try:
        if (outputs := outputs_of(options.backbone)) is not None:
            yield Line("backbone", f"{outputs.name}, whose outputs are in {options.backbone}; --datasets takes it")
            return
        check_backbone(options.backbone)
        source = resolve(options.backbone)
        if is_remote(source):
            where = f"{options.backbone} comes from the network where no cache has it; {advice(source)}"
            yield Line("backbone", where, "note")
            return
        tower = load_backbone(options.backbone)
    except UserError as error:
        yield Line("backbone", str(error), "bad")
        return
    count = sum(parameter.numel() for parameter in tower.parameters())
    yield Line("backbone", f"{options.backbone} is there and loads: {count:,} parameters")


def _costs(options: Options) -> Iterator[Line]:
    """What an example costs with a real backbone whose sizes are known."""
    if towers(options.backbone):
        example = bench.Options(backbone=options.backbone, datasets=EXAMPLE)
        runs = example.grid().runs()
        yield Line("costs", f"{len(runs)} default runs on {EXAMPLE}, {phrase(packs(runs, example.pack, 1))}")


def _data(options: Options) -> Iterator[Line]:
    states = {name: catalog.status(name, options.data) for name in catalog.known()}
    ready = [name for name, state in states.items() if state == "ready"]
    yield Line("data", f"ready: {', '.join(ready)}")
    if missing := [name for name in states if name not in ready]:
        there = "" if options.data.is_dir() else ", which is not there"
        yield Line("data", f"{len(missing)} more are not in {options.data}{there}; `promptnoise list` tells", "note")
    if options.data.is_dir() and (files := groups.files_of_features(options.data)):
        yield Line("features", f"DATASETS=features: {', '.join(path.name for path in files)} in {options.data}")


def _folders(options: Options) -> Iterator[Line]:
    for what, folder in (("results", options.out), ("cache", options.cache)):
        try:
            check_writable(f"the folder of {what}", folder)
        except BadInput as error:
            yield Line(what, str(error), "bad")
            continue
        above = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free, used = shutil.disk_usage(above).free, _size(folder)
        text = f"{folder}: {used / 2**30:.1f} GiB in it, {free / 2**30:.0f} GiB free"
        yield Line(what, text, "good" if free > LITTLE else "note")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _tracking(options: Options) -> Iterator[Line]:
    try:
        mode, _ = choose_mode()
    except BadInput as error:
        yield Line("W&B", str(error), "bad")
        return
    yield Line("W&B", HOW if mode == "disabled" else mode, "note" if mode == "disabled" else "good")
