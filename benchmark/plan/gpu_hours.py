"""What a grid costs before any of it has run: hours on common GPUs, disk and memory, from counts. Imports no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from benchmark.plan.axes import Run
from benchmark.plan.method_spec import parse_method
from benchmark.plan.packs import Pack, size_of
from benchmark.plan.schedule import in_order
from benchmark.plan.towers import Towers, towers
from datamodules import reading
from methods.recipes import is_embedded, recipe

#: Peaks of matrix products without sparsity in TFLOP/s, by precision, and memory in GB.
PEAKS = reading.facts_beside(__file__)
#: The share of the peak that towers reach, and the seconds that the host needs to start a kernel.
EFFICIENCY, LAUNCH = 0.4, 5e-6
#: Fraction of the free memory that a pack may plan with; the rest is for the library's workspaces and for others.
SHARE = 0.6
#: What one core of a CPU does of `Pack.cost` in a second with an embedded CLIP: the default grid takes it two minutes.
A_SECOND = 25_000
#: Kernels of a step: of a text pass, of an image pass with its way back, of the rest, and of each further method.
TEXT_PASS, IMAGE_PASS, REST, METHOD = 312, 500, 60, 45


@dataclass(frozen=True)
class Estimate:
    """Seconds from start to end, those of them that encode images, bytes of the feature bank and of a pack at most."""

    seconds: float
    encoding: float
    disk: float
    memory: float


@dataclass(frozen=True)
class Counts:
    """What packs compute: steps, kernels and FLOP of each, views to encode, their FLOP and bytes, bytes of a pack."""

    packs: Sequence[tuple[int, int, float]]
    views: int
    encoding: float
    disk: float
    memory: float

    @classmethod
    def of(cls, made: Sequence[Pack]) -> Counts | None:
        """The counts of packs; None where a backbone's towers are not known, or there are no packs."""
        found = {pack.runs[0].backbone: towers(pack.runs[0].backbone) for pack in made}
        own = {name: sizes for name, sizes in found.items() if sizes is not None}
        if not made or len(own) < len(found):
            return None
        steps = [_steps(pack, own[pack.runs[0].backbone]) for pack in made]
        views, flop, disk = _encoded((run for pack in made for run in pack.runs), own)
        return cls(steps, views, flop, disk, max(_bytes(pack, own[pack.runs[0].backbone]) for pack in made))

    def on(self, gpu: str, precision: str = "auto", devices: int = 1) -> Estimate:
        """What the packs cost on so many GPUs of a kind in `PEAKS`; "auto" is bf16."""
        return self.at(EFFICIENCY * PEAKS[gpu][precision.replace("auto", "bf16")] * 1e12, devices)

    def at(self, speed: float, devices: int = 1) -> Estimate:
        """What they cost on devices that reach so many FLOP a second; a step takes its launches or its arithmetic."""
        each = [steps * max(kernels * LAUNCH, flop / speed) for steps, kernels, flop in self.packs]
        encoding = self.encoding / speed / devices
        return Estimate(in_order(each, devices).makespan + encoding, encoding, self.disk, self.memory)


def phrase(made: Sequence[Pack], precision: str = "auto") -> str:
    """One line for a plan, of `--precision`; seconds for the embedded CLIPs, empty where towers are not known.

    `estimated from FLOP for one GPU: 3.1 h on A40, 90 min on A100 ...; feature bank 1.2 GB, GPU memory 4 GB`
    """
    if made and all(is_embedded(pack.runs[0].backbone) for pack in made):
        return f"about {in_time(sum(pack.cost for pack in made) / A_SECOND)} of one CPU core"
    if (counts := Counts.of(made)) is None:
        return ""
    times = ", ".join(f"{in_time(counts.on(gpu, precision).seconds)} on {gpu}" for gpu in PEAKS)
    return f"estimated from FLOP for one GPU: {times}; {in_room(counts.disk, counts.memory)}"


def in_room(disk: float, memory: float) -> str:
    """Bytes of a feature bank and of a pack, with the GPUs on which a pack that needs so many is trained in parts."""
    small = ", ".join(gpu for gpu, known in PEAKS.items() if memory > SHARE * known["memory"] * 1e9)
    parts = f" (packs in parts on {small})" if small else ""
    return f"feature bank {in_bytes(disk)}, GPU memory {in_bytes(memory)}{parts}"


def in_time(seconds: float) -> str:
    """Seconds, at least 1, in the largest unit of which there are two."""
    if seconds < 120:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def in_bytes(number: float) -> str:
    """Bytes in GB, or in MB where there is less than one."""
    if number < 1e9:
        return f"{number / 1e6:.0f} MB" if number >= 1e6 else "under 1 MB"
    return f"{number / 1e9:.1f} GB" if number < 1e10 else f"{number / 1e9:,.0f} GB"


def _steps(pack: Pack, own: Towers) -> tuple[int, int, float]:
    """How many steps a pack takes, and the kernels and FLOP of each."""
    first = pack.runs[0]
    classes = size_of(first.dataset).classes
    images = first.shots * classes
    batch, steps = min(images, first.settings.batch_of(images)), first.settings.steps(images)
    flop, kernels, counts = 0.0, 0, Counter(run.method for run in pack.runs)
    for spec, count in ((parse_method(method), count) for method, count in counts.items()):
        pictures = spec.info.inputs == "images"
        words = pictures or spec.info.needs(spec.values) == "text tower"
        flop += count * (words * own.text_flop(classes) + 3 * pictures * batch * own.image_flop)
        kernels = max(kernels, REST + words * TEXT_PASS + pictures * IMAGE_PASS)
    return first.spec.rounds * first.epochs * steps, kernels + METHOD * (len(counts) - 1), flop


def _encoded(runs: Iterable[Run], own: Mapping[str, Towers]) -> tuple[int, float, float]:
    """Number, FLOP and bytes of features: test images once, a view of each training image for each epoch and seed."""
    images: dict[tuple[str, str, int, int], int] = {}
    for run in runs:
        size = size_of(run.dataset)
        images[run.backbone, run.dataset, 0, 0] = size.tests
        if parse_method(run.method).info.inputs == "features":
            key = (run.backbone, run.dataset, run.shots, run.seed)
            views = run.epochs if recipe(run.recipe).settings.crop else 1
            images[key] = max(images.get(key, 0), run.shots * size.classes * views)
    flop = sum(count * own[backbone].image_flop for (backbone, *_), count in images.items())
    disk = sum(4.0 * count * own[backbone].embedding for (backbone, *_), count in images.items())
    return sum(images.values()), flop, disk


@cache
def _bytes(pack: Pack, own: Towers) -> float:
    """What a pack keeps for its way back: about 34 numbers of two bytes for a token's width in each block."""
    tokens = own.text_flop(size_of(pack.runs[0].dataset).classes) / (48 * own.text_layers * own.text_width**2)
    counts = Counter(run.method for run in pack.runs)
    needs = {method: parse_method(method).info.needs(parse_method(method).values) for method in counts}
    words = sum(count for method, count in counts.items() if needs[method] in ("text tower", "image tower"))
    return 34.0 * 2 * words * tokens * own.text_width * own.text_layers
