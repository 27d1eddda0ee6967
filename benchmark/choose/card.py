"""The card of a choice: what was run, on what, how sure the choice is, and how to run it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from benchmark.choose.confusion import ENOUGH
from benchmark.choose.rule import BY_VALIDATION, DEFAULT_ONLY, Choice
from benchmark.report.markdown import table


@dataclass(frozen=True)
class Card:
    """What a card tells; `agreements` are percent by method and seed, `held_out` images of each seed."""

    name: str
    images: int
    classes: Sequence[str]
    backbone: str
    recipe: str
    dominant: float
    agreements: Mapping[str, Sequence[float]]
    held_out: int
    choice: Choice
    expected: str
    command: str
    versions: Mapping[str, str]
    files: Sequence[str]

    def text(self) -> str:
        """The card in Markdown."""
        lines = [
            f"# {self.choice.method}, chosen for {self.name}\n",
            f"- data: {self.images} images with given labels of {len(self.classes)} classes; "
            "how many of these labels are wrong is not known",
            f"- backbone {self.backbone}, recipe {self.recipe}; the classifier was trained on all {self.images} images",
            f"- {confusion_line(self.dominant)}",
            f"- {choice_line(self.choice)}",
            f"- expected regret: {self.expected or 'the benchmark has no record of such a choice'}\n",
        ]
        if self.agreements:
            rows = [(name, spread(values)) for name, values in ordered(self.agreements)]
            lines += [
                "## Agreement with held-out given labels\n",
                f"Percent of about {self.held_out} images that were kept out of training, mean and standard deviation "
                "over seeds. These labels may be wrong as well: this is not an accuracy.\n",
                table(["method", "agreement"], rows),
            ]
        named = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        files = "".join(f"- {name}\n" for name in self.files)
        again = f"## Again\n\n```bash\n{self.command}\n```\n\nVersions: {named}.\n"
        return "\n".join(lines) + f"\n## Files\n\n{files}\n{again}"


def ordered(agreements: Mapping[str, Sequence[float]]) -> list[tuple[str, Sequence[float]]]:
    """Methods with their agreements, highest mean first."""
    return sorted(agreements.items(), key=lambda item: -mean(item[1]))


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation, as tables show them.

    >>> spread([60.0, 62.0])
    '61.0 ± 1.4'
    """
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def confusion_line(dominant: float) -> str:
    """A sentence on the estimated confusion matrix."""
    return (
        f"estimated confusion of labels: for {dominant:.0%} of the classes their own label is the likeliest one "
        f"(noisy validation is trusted from {ENOUGH:.0%} on)"
    )


def choice_line(choice: Choice) -> str:
    """A sentence on how the choice was made."""
    if choice.by == DEFAULT_ONLY:
        return f"chosen: {choice.method}, the default, since agreement with the given labels cannot be trusted here"
    lead = f"{choice.lead:.1f} points"
    if choice.by == BY_VALIDATION:
        return (
            f"chosen: {choice.method}, by noisy validation; its lead over the default in agreement with held-out given "
            f"labels, {lead}, exceeds its error of {choice.needed:.1f}"
        )
    if not choice.rival:
        why = "there is no other method to compare it with"
    elif choice.lead > 0:
        why = f"{choice.rival}'s lead of {lead} is within its error of {choice.needed:.1f}"
    else:
        why = f"no other method agrees more with held-out given labels (the next, {choice.rival}: {lead})"
    return f"kept the default, {choice.method}: {why}"
