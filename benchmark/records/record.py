"""What one finished run leaves behind: the fields of a record, checked when written and when read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from benchmark import PROTOCOL
from benchmark.plan.axes import AXES, Run, out_of_range
from benchmark.records.checksummed import BadRecord, adapter, is_intact, parse, with_checksum
from datamodules.errors import UserError
from methods.recipes import recipe

#: Layout of the files; bumped when a field changes its meaning. Since 2 the last line is a checksum of the others.
SCHEMA: Final = 2

#: A run has collapsed if its loss is no lower than this fraction of log C, the loss of a uniform prediction.
COLLAPSED: Final = 0.9

Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
#: One value per epoch (or round); None where there is nothing to measure, such as the mean over no image.
Curve = tuple[Finite | None, ...]


@dataclass(frozen=True)
class Noise:
    """What became of the labels: fraction and number of wrong ones among the training images, and their hash.

    Fraction and number are None where the true labels are not known; where they were audited, the fraction of given
    labels that the audit has changed stands for it. Two runs whose `labels_sha256` agree were given
    the same labels.
    """

    realised: Fraction | None = None
    wrong: Count | None = None
    images: Count = 0
    labels_sha256: str = ""


@dataclass(frozen=True)
class Record:
    """One finished run; accuracies and errors in percent, curves one value per epoch.

    `accuracy` is the last epoch's, the headline; the best epoch's is named as the oracle that it is, since it is
    chosen on test data. A run that diverged has the accuracy of what it ended with. The accuracies on images of
    seen and of unseen classes, and their `harmonic_mean`, exist for "trzsl" only. `settings` is what the recipe
    meant when the run was trained.
    """

    run: Run
    key: str
    status: Literal["ok", "diverged"]
    accuracy: Percent
    schema: Literal[2] = SCHEMA
    oracle_best_accuracy: Percent | None = None
    oracle_best_epoch: Count | None = None
    zero_shot_accuracy: Percent | None = None
    ece: Percent | None = None
    per_class_accuracy: tuple[Percent | None, ...] = ()
    classes: tuple[str, ...] = ()
    seen_accuracy: Percent | None = None
    unseen_accuracy: Percent | None = None
    harmonic_mean: Percent | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)
    noise: Noise = field(default_factory=Noise)
    hashes: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, bool | int | float | str | tuple[Finite, ...] | None] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    precision: Literal["fp32", "bf16"] = "fp32"
    seconds: Annotated[Finite, Field(ge=0)] = 0.0
    parameters: Count = 0
    learned_sha256: str = ""
    predictions_sha256: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        if self.run.protocol != PROTOCOL:
            raise BadRecord(f"it is of protocol {self.run.protocol}, and this version is protocol {PROTOCOL}")
        check_run(self.run)
        if self.key != self.run.key:
            raise BadRecord(f"its key {self.key!r} is not that of its run, {self.run.key}")
        if len(self.per_class_accuracy) != len(self.classes):
            raise BadRecord(f"{len(self.per_class_accuracy)} per-class accuracies for {len(self.classes)} classes")

    @property
    def label_free(self) -> bool:
        """Whether the run was given no label, so that its value holds at every noise rate."""
        return self.run.label_free

    @property
    def weights(self) -> str:
        """The identity of the backbone that the run was trained on; empty if it is not known."""
        return self.hashes.get("weights", "")

    @cached_property
    def collapsed(self) -> bool:
        """Whether cross-entropy ended near log C with predictions on the training images that are right by chance only.

        They agree neither with the given nor with the true labels (where these are known) more often than 1 / C plus
        three standard errors over the images.
        """
        count, images = len(self.classes), self.noise.images
        loss, *agreements = (
            (self.curves.get(name) or (None,))[-1] for name in ("loss", "train_accuracy_given", "train_accuracy_true")
        )
        if count < 2 or not images or loss is None or agreements[0] is None:
            return False
        chance = 100 * (1 / count + 3 * math.sqrt((1 - 1 / count) / (count * images)))
        return loss >= COLLAPSED * math.log(count) and all(value is None or value <= chance for value in agreements)

    @property
    def score(self) -> float:
        """What tables compare: the harmonic mean under "trzsl", as is usual there, else the accuracy; percent."""
        return self.accuracy if self.harmonic_mean is None else self.harmonic_mean


def check_run(run: Run) -> None:
    """Checks that the numbers of a run that was read from a file lie in their ranges.

    Raises BadRecord: One does not.
    """
    if run.rate is not None and not 0 <= run.rate <= 1:
        raise BadRecord(f"its noise rate {run.rate:g} lies outside [0, 1]")
    for name, axis in AXES.items():
        if out_of_range(name, value := getattr(run, name)):
            raise BadRecord(f"its {name}, {value:.4g}, should be at least {axis.least} and below 2^63")
    try:
        meant = recipe(run.recipe).epochs(run.dataset, run.shots)
    except UserError as error:
        raise BadRecord(str(error)) from None
    if run.epochs != meant:
        raise BadRecord(f"its {run.epochs} epochs are not the {meant} of its recipe, {run.recipe}")


def read(text: bytes) -> Record:
    """Parse the JSON text of a record.

    Raises BadRecord: Not JSON, a key given twice, another schema or protocol, content that does not fit its checksum, a
    field that is missing or out of range, or a key that is not the run's.
    """
    data = parse(text)
    if not isinstance(data, dict) or not {"schema", "key", "run"} <= data.keys():
        raise BadRecord("it is not a record of this benchmark")
    if data["schema"] != SCHEMA:
        raise BadRecord(f"it is of record schema {data['schema']!r}, and this version reads schema {SCHEMA}")
    if not is_intact(text):
        raise BadRecord("it was changed after it was written: its content does not fit its checksum")
    try:
        record: Record = adapter(Record).validate_python(data)
        return record
    except ValidationError as error:
        raise BadRecord(why(error)) from error


def why(error: ValidationError) -> str:
    """What is wrong with a file, in words."""
    first = error.errors()[0]
    if isinstance(cause := first.get("ctx", {}).get("error"), BadRecord):
        return str(cause)
    name = ".".join(map(str, first["loc"]))
    return f"its {name} is missing" if first["type"] == "missing" else f"its {name}: {first['msg'].lower()}"


def dump(run: Run, result: Mapping[str, Any]) -> bytes:
    """The JSON text of a run's record, one field a line; `result` has the fields of `Record` but run, key and schema.

    A value that is not finite becomes null, the only spelling that JSON has for it; `accuracy` must be finite. Raises
    BadRecord: `result` would not read back as a record.
    """
    record = {"schema": SCHEMA, "key": run.key, "run": asdict(run), **result}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in finite(record).items()]
    text = with_checksum(("{\n" + ",\n".join(lines)).encode())
    read(text)
    return text


def finite(value: Any) -> Any:
    """The value as JSON knows it: arrays and numbers of numpy and torch become plain, what is not finite None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


__all__ = ["SCHEMA", "BadRecord", "Noise", "Record", "check_run", "dump", "finite", "read", "why"]
