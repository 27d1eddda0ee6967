"""What a grid costs before any of it has run: hours on common GPUs, disk and memory, from counts. Imports no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.plan.axes import Run
from benchmark.plan.method_spec import parse_method
from benchmark.plan.packs import Pack
from benchmark.plan.schedule import in_order
from benchmark.plan.towers import Towers, towers
from datamodules import catalog

#: Peaks of matrix products without sparsity in TFLOP/s, by precision.
PEAKS = {
    "A40": {"bf16": 149.7, "fp32": 37.4},
    "A100": {"bf16": 312.0, "fp32": 19.5},
    "H100": {"bf16": 989.0, "fp32": 67.0},
    "H200": {"bf16": 989.0, "fp32": 67.0},
}
#: The share of the peak that towers reach, and the seconds that the host needs to start a kernel.
EFFICIENCY, LAUNCH = 0.4, 5e-6
#: Kernels of a step: of a text pass, of an image pass with its way back, of the rest, and of each further method.
TEXT_PASS, IMAGE_PASS, REST, METHOD = 312, 500, 60, 45


@dataclass(frozen=True)
class Estimate:
    """Seconds from start to end, those of them that encode images, bytes of the feature bank and of a pack at most."""

    seconds: float
    encoding: float
    disk: float
    memory: float


def estimate(made: Sequence[Pack], gpu: str, precision: str = "bf16", devices: int = 1) -> Estimate | None:
    """What packs cost on so many GPUs of a kind in `PEAKS`; None where a backbone's towers are not known."""
    found = {pack.runs[0].backbone: towers(pack.runs[0].backbone) for pack in made}
    own = {name: sizes for name, sizes in found.items() if sizes is not None}
    if not made or len(own) < len(found):
        return None
    speed = EFFICIENCY * PEAKS[gpu][precision] * 1e12
    training = in_order([_seconds(pack, own[pack.runs[0].backbone], speed) for pack in made], devices).makespan
    flop, disk = _encoded({(run.work, run.seed): run for pack in made for run in pack.runs}.values(), own)
    memory = max(_bytes(pack, own[pack.runs[0].backbone]) for pack in made)
    encoding = flop / speed / devices
    return Estimate(training + encoding, encoding, disk, memory)


def phrase(made: Sequence[Pack], precision: str = "auto") -> str:
    """One line for a plan, of `--precision`; empty where a backbone's towers are not known, or for the embedded CLIPs.

    `estimated from FLOP: GPU-hours 3.1 on A40, 1.5 on A100 ...; feature bank 1.2 GB, GPU memory 4 GB`
    """
    found = {gpu: estimate(made, gpu, "bf16" if precision == "auto" else precision) for gpu in PEAKS}
    hours = ", ".join(f"{each.seconds / 3600:.3g} on {gpu}" for gpu, each in found.items() if each is not None)
    if (some := next(iter(found.values()))) is None:
        return ""
    disk, memory = (f"{number / 1e9:.3g} GB" for number in (some.disk, some.memory))
    return f"estimated from FLOP: GPU-hours {hours}; feature bank {disk}, GPU memory {memory}"


def _seconds(pack: Pack, own: Towers, speed: float) -> float:
    """Seconds of a pack's steps: its launches or its arithmetic, whichever takes longer."""
    first = pack.runs[0]
    classes = catalog.size(first.dataset).classes
    images = first.planned_shots * classes
    batch, steps = min(images, first.settings.batch_of(images)), first.settings.steps(images)
    counts = Counter(run.method for run in pack.runs)
    flop = kernels = 0.0
    for spec, count in ((parse_method(method), count) for method, count in counts.items()):
        pictures = spec.info.inputs == "images"
        words = pictures or spec.info.needs(spec.values) == "text tower"
        flop += count * (words * own.text_flop(classes) + 3 * pictures * batch * own.image_flop)
        kernels = max(kernels, REST + words * TEXT_PASS + pictures * IMAGE_PASS)
    kernels += METHOD * (len(counts) - 1)
    return first.spec.rounds * first.epochs * steps * max(kernels * LAUNCH, flop / speed)


def _encoded(runs: Iterable[Run], own: Mapping[str, Towers]) -> tuple[float, float]:
    """FLOP and bytes of all features: test images once, a view of each training image for each epoch and seed."""
    counts: dict[tuple[object, ...], tuple[str, int]] = {}
    for run in runs:
        size = catalog.size(run.dataset)
        counts[run.backbone, run.dataset] = run.backbone, size.tests
        if run.spec.info.inputs == "features":
            key, views = (run.backbone, run.dataset, run.shots, run.seed), run.epochs if run.settings.crop else 1
            most = max(counts.get(key, ("", 0))[1], run.planned_shots * size.classes * views)
            counts[key] = run.backbone, most
    flop = sum(count * own[name].image_flop for name, count in counts.values())
    return flop, sum(4.0 * count * own[name].embedding for name, count in counts.values())


def _bytes(pack: Pack, own: Towers) -> float:
    """What a pack keeps for its way back: about 34 numbers of two bytes for a token's width in each block."""
    tokens = own.text_flop(catalog.size(pack.runs[0].dataset).classes) / (48 * own.text_layers * own.text_width**2)
    words = sum(run.spec.info.needs(run.spec.values) in ("text tower", "image tower") for run in pack.runs)
    return 34.0 * 2 * words * tokens * own.text_width * own.text_layers
