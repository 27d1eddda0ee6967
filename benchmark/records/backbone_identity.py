"""Identities of backbones in records: those that one rule made can be compared, those of two rules cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from benchmark.records.record import Record


def weights_of(record: Record) -> str:
    """The identity of the backbone that a run was trained on; empty if it is not known."""
    return record.hashes.get("weights", "")


def rule(weights: str) -> str:
    """The rule that made an identity, `v2` of `v2:0a1b...`; empty for those that the first version wrote."""
    return weights.rpartition(":")[0]


def differ(some: str, others: str) -> bool:
    """Whether two identities are known to be those of two models."""
    return some != others and rule(some) == rule(others)


def cannot_be_compared(records: Iterable[Record]) -> list[str]:
    """A line for each backbone under whose name there are identities of two rules."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        counts.setdefault(record.run.backbone_name, Counter())[rule(weights_of(record))] += 1
    lines = []
    for backbone, rules in sorted(counts.items()):
        *earlier, latest = sorted(rules)
        if earlier:
            count = sum(rules[one] for one in earlier)
            lines.append(
                f"{count} {'run' if count == 1 else 'runs'} of {backbone} recorded by an earlier version than the "
                f"other {rules[latest]}: the weights may differ; if they do, use separate --out folders"
            )
    return lines
