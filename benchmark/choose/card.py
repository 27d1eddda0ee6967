"""The card of a choice: what was run, on what, how sure the choice is, and how to run it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from benchmark.choose.rule import CLEAR, Choice
from benchmark.report.markdown import table

FILE = "card.md"
#: What the numbers of a table of trials are.
ESTIMATED = "accuracy on about {} held-out images, estimated from doubtful labels, %"


@dataclass(frozen=True)
class Card:
    """What a card tells; `estimated` are percent by method and seed, `held_out` images of each seed.

    `wrong` are the audit's sentences on how many labels are wrong.
    """

    name: str
    images: int
    classes: Sequence[str]
    backbone: str
    recipe: str
    wrong: Sequence[str]
    estimated: Mapping[str, Sequence[float]]
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
            f"- data: {self.images} images with given labels of {len(self.classes)} classes",
            *(f"- {line}" for line in self.wrong),
            f"- backbone {self.backbone}, recipe {self.recipe}; the classifier was trained on all {self.images} images",
            f"- {choice_line(self.choice)}",
            f"- expected regret: {self.expected or 'the benchmark has no record of such a choice'}\n",
        ]
        if self.estimated:
            rows = [(name, mean_and_std(values)) for name, values in ordered(self.estimated)]
            lines += [
                f"## {ESTIMATED.format(self.held_out).capitalize()}\n",
                "Mean and standard deviation over seeds. Nobody has seen the true labels: the estimate takes their "
                "probabilities from the audit.\n",
                table(["method", "estimate"], rows),
            ]
        named = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        files = "".join(f"- {name}\n" for name in self.files)
        again = f"## Again\n\n```bash\n{self.command}\n```\n\nVersions: {named}.\n"
        return "\n".join(lines) + f"\n## Files\n\n{files}\n{again}"


def ordered(estimated: Mapping[str, Sequence[float]]) -> list[tuple[str, Sequence[float]]]:
    """Methods with their estimated accuracies, highest mean first."""
    return sorted(estimated.items(), key=lambda item: -mean(item[1]))


def mean_and_std(values: Sequence[float]) -> str:
    """Mean and standard deviation, as tables show them.

    >>> mean_and_std([60.0, 62.0])
    '61.0 ± 1.4'
    """
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def choice_line(choice: Choice) -> str:
    """A sentence on how the choice was made."""
    lead = f"{choice.lead:.1f} points"
    if choice.by == CLEAR:
        return (
            f"chosen: {choice.method}; its estimated lead over the default, {lead}, exceeds its error of "
            f"{choice.needed:.1f}"
        )
    if not choice.rival:
        why = "there is no other method to compare it with"
    elif choice.lead > 0:
        why = f"{choice.rival}'s lead of {lead} is within its error of {choice.needed:.1f}"
    else:
        why = f"no other method is estimated to be better (the next, {choice.rival}: {lead})"
    return f"kept the default, {choice.method}: {why}"
