"""Which records may stand in one table: those of one model and one split of the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from benchmark.records.backbone_identity import cannot_be_compared, rule, weights_of
from benchmark.records.record import Record

Identity = tuple[str, ...]
#: What must agree within: first what it is called, then whatever else sets it apart.
Group = tuple[str, ...]


def comparable(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The records that may be averaged and ranked together, and a line for each group that is left out.

    Under the name of a backbone all have the same weights and precision, under that of a data set the same split, and
    under that of a recipe a method has the same settings.
    Of several the one with most runs is kept (of equally many, the one whose hash comes first): tables compare
    methods with each other and average over data sets, so that two models must not even stand in different cells.
    Weights that an earlier version recorded cannot be compared with today's: such runs stay, and a line says so.
    """
    problems: list[str] = []
    kept = _one_each(records, _backbone, _model, _model_words, problems)
    kept = _one_each(kept, lambda record: (record.run.backbone_name,), _precision, _precision_words, problems)
    problems += cannot_be_compared(kept)
    kept = _one_each(kept, lambda record: (record.run.dataset,), _split, _split_words, problems)
    kept = _one_each(kept, _recipe, _settings, _settings_words, problems)
    return kept, problems


def _one_each(
    records: Iterable[Record],
    group: Callable[[Record], Group],
    identity: Callable[[Record], Identity],
    words: Callable[[Identity], str],
    problems: list[str],
) -> list[Record]:
    marked = [(group(record), identity(record), record) for record in records]
    counts = Counter((own, ident) for own, ident, _ in marked)
    chosen: dict[Group, Identity] = {}
    for (own, ident), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        if (first := chosen.setdefault(own, ident)) != ident:
            problems.append(
                f"{count} {'run' if count == 1 else 'runs'} of {own[0]} made with {words(ident)} left out: the "
                f"{counts[own, first]} in the tables were made with {words(first)}; use an --out for each"
            )
    return [record for own, ident, record in marked if chosen[own] == ident]


def _backbone(record: Record) -> Group:
    return (record.run.backbone_name, rule(weights_of(record)))


def _model(record: Record) -> Identity:
    return (weights_of(record), record.precision)


def _model_words(identity: Identity) -> str:
    return f"weights {identity[0][:12] or 'unknown'} in {identity[1]}"


def _precision(record: Record) -> Identity:
    return (record.precision,)


def _precision_words(identity: Identity) -> str:
    return f"the precision {identity[0]}"


def _split(record: Record) -> Identity:
    return (record.hashes.get("split", ""),)


def _split_words(identity: Identity) -> str:
    return f"split {identity[0][:12] or 'unknown'}"


def _recipe(record: Record) -> Group:
    run = record.run
    return (f"{run.method} with recipe {run.recipe} on {run.dataset}, {run.shots} shots",)


def _settings(record: Record) -> Identity:
    return tuple(f"{name}={value}" for name, value in sorted(record.settings.items()))


def _settings_words(identity: Identity) -> str:
    return f"the settings {', '.join(identity) or 'unknown'}"
