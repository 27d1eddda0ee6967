"""Which records may stand in one table: those of one model and one split of the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmark.records.record import Record

Group = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """What must agree within a group of records: `of` tells it, and `words` how a line calls it.

    `group` is first what the group is called, then whatever else sets it apart.
    """

    group: Callable[[Record], Group]
    of: Callable[[Record], Group]
    words: str


#: Applied one after the other, each to what the ones before have kept.
SAME_MODEL = Rule(
    lambda record: (record.run.backbone_name,),
    lambda record: (record.weights, record.precision),
    "weights {:.12} in {}",
)
SAME_SPLIT = Rule(
    lambda record: (record.run.dataset,), lambda record: (record.hashes.get("split", ""),), "split {:.12}"
)
SAME_SETTINGS = Rule(
    lambda r: (f"{r.run.method} with recipe {r.run.recipe} on {r.run.dataset}, {r.run.shots} shots",),
    lambda r: (", ".join(f"{name}={value}" for name, value in sorted(r.settings.items())),),
    "the settings {}",
)


def comparable(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The records that may be averaged and ranked together, and a line for each group that is left out.

    Under the name of a backbone all have the same weights and precision, under that of a data set the same split, and
    under that of a recipe a method has the same settings.
    Of several the one with most runs is kept (of equally many, the one whose hash comes first): tables compare
    methods with each other and average over data sets, so that two models must not even stand in different cells.
    """
    problems: list[str] = []
    kept = list(records)
    for same in (SAME_MODEL, SAME_SPLIT, SAME_SETTINGS):
        kept = _one_each(kept, same, problems)
    return kept, problems


def _one_each(records: Iterable[Record], same: Rule, problems: list[str]) -> list[Record]:
    marked = [(same.group(record), same.of(record), record) for record in records]
    counts = Counter((group, own) for group, own, _ in marked)
    chosen: dict[Group, Group] = {}
    for (group, own), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        if (first := chosen.setdefault(group, own)) != own:
            theirs, ours = (same.words.format(*(part or "unknown" for part in parts)) for parts in (own, first))
            problems.append(
                f"{count} {'run' if count == 1 else 'runs'} of {group[0]} made with {theirs} left out: the "
                f"{counts[group, first]} in the tables were made with {ours}; use an --out for each"
            )
    return [record for group, own, record in marked if chosen[group] == own]
