"""What is estimated of all images: the explanation of their labels that is taken, others as good, and an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.audit.explanation import (
    EXPECTED,
    PRICE,
    TRUSTED,
    Evidence,
    Explanation,
    explain,
    fraction_wrong,
    posterior,
    wrong_probability,
)
from methods.functional.noise_matrix import even, expected_counts, likeliest_prior, rows_of

#: Classifiers that know the classes by their names, where there are any; the others know given labels alone.
BY_NAMES = ("zero_shot", "head", "prompt")
#: Names say something where zero-shot agrees so much more than chance with the classifiers of given labels.
ABOVE_CHANCE = 0.15
#: Weights expected without and with names: of one's own classifier, and of means, which hardly learn labels by heart.
EXPECT = ({"own": TRUSTED / 2, "means": TRUSTED}, {"own": TRUSTED / 2})
#: Nats by which a start at equal weights must beat one at the names, and a surer explanation a less sure one.
MARGIN, SURER = 60.0, 8.0
#: Wrong labels that a surer explanation expects, in units of those that are expected, and its weights without names.
MORE, SURELY = 2.5, 1.5
#: Explanations whose fractions of wrong labels are APART and whose evidence is within NATS are told.
APART, NATS = 0.1, 5.0
#: Odds in nats that decisions of a person can overturn, and the least probability that one is given.
PRIOR_ODDS, LEAST = 3.0, 0.02
#: Zero-shot has up to MOST of the say, LEADS times it if it `leads`, by its agreement with the posterior.
AGREES, MOST, LEADS = (0.65, 0.8), 0.6, 4 / 3
#: Numbers [K, P, C] that explanations are fitted to, and images that bootstrap draws come from.
SIZE, BOUNDS, FEW = 2**22, (2_000, 10_000), 1_000
#: How much wider the interval is than if errors were independent: those of images that look alike are alike.
ALIKE = 3.0
DRAWS, DRAW_ROUNDS, MATRIX_ROUNDS = 24, 6, 10


@dataclass(frozen=True)
class Interval:
    """Estimated fraction of wrong labels, 0 to 1, and a 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """Probabilities [P, C] of `true` classes by image and label, and log-probabilities `pooled` [P, C] by image alone.

    `parts` are the scores [P, C] of the classifiers and `weights` their weights, `fraction` is that of wrong labels.
    `rivals` are probabilities [P, C] of true classes by other explanations that the labels alone cannot tell from it,
    `exchanged` pairs of a class and the other one whose name its images look like.
    """

    true: Tensor
    pooled: Tensor
    parts: Mapping[str, Tensor]
    weights: dict[str, float]
    fraction: Interval
    rivals: tuple[Tensor, ...] = ()
    rival_fractions: tuple[float, ...] = ()
    exchanged: tuple[tuple[int, int], ...] = ()

    def lines(self, classes: Sequence[str]) -> list[str]:
        """What is said of this estimate, see `said`."""
        return said(self.fraction, self.rival_fractions, self.exchanged, classes)


def said(
    fraction: Interval, others: Sequence[float] = (), exchanged: Sequence[tuple[int, int]] = (),
    classes: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """Sentences on the fraction of wrong labels, before it on `others` that explain the labels as well, if any do.

    Then what only a person can decide where names of these `classes` are `exchanged`, with the first three of them.

    >>> said(Interval(0.02, 0.0, 0.05), [0.38])[0]
    '2% or 38% of the labels wrong: the labels alone cannot tell'
    """
    own = f"probably wrong: {fraction.estimate:.1%} of the labels ({fraction.low:.1%} to {fraction.high:.1%})"
    if not others:
        return [own]
    *some, last = [f"{one:.0%}" for one in sorted([fraction.estimate, *others])]
    lines = [f"{', '.join(some)} or {last} of the labels wrong: the labels alone cannot tell", own]
    if pairs := [f"{classes[one]} look like {classes[other]}" for one, other in exchanged]:
        named = ", of ".join(pairs[:3]) + f" ... ({len(pairs)} classes)" * (len(pairs) > 3)
        lines.append(f"images of {named}: are these names exchanged, or most of these labels wrong? --checked decides")
    return lines


def estimate(
    parts: Mapping[str, Tensor], labels: Tensor, zero_shot: Tensor,
    checked: Tensor | None = None, expected: float = EXPECTED, seed: int = 1,
) -> Estimate:  # fmt: skip
    """The estimate by scores [P, C] of classifiers, given labels [P] and zero-shot log-probabilities [P, C].

    Images without a label, -1, get probabilities as well. `checked` [P] are true classes that a person gave, -1 where
    nobody looked.
    """
    checked = torch.full_like(labels, -1) if checked is None else checked
    own, rows = labels >= 0, _rows(labels, checked, len(parts) * zero_shot.shape[1], seed)
    logs = torch.stack([part[rows].log_softmax(1) for part in parts.values()])
    named = sum(name in BY_NAMES for name in parts) if names_say(parts, labels) else 0
    more = {[*parts].index(name): weight for name, weight in EXPECT[named > 0].items() if name in parts}
    evidence = Evidence(logs, labels[rows], named, checked[rows], expected, more)
    unchecked = replace(evidence, checked=torch.full_like(rows, -1))
    found = explanations(unchecked)
    if named:
        found["zero_shot"] = _at_its_word(unchecked, zero_shot[rows])
    taken = best = _preferred(found, evidence)
    if settled := bool((evidence.checked >= 0).any()):
        taken = explain(evidence, best.weights, best.matrix, None if best is found.get("zero_shot") else PRICE)
    whole = Evidence(logs[:, :0], labels, named, checked, expected)
    true, pooled, matrix = _applied(taken, parts, whole)
    said = zero_shot_weight(true, zero_shot)
    if named and leads(parts, labels):
        said = max(said, LEADS * zero_shot_weight(found["zero_shot"].true, zero_shot[rows]))
    true = (1 - said) * true + said * posterior(zero_shot, whole, matrix)
    starts = () if settled else (found["equal"], found["names" if named else "surer"])
    ends = [float(one.wrong(evidence.labels).mean()) for one in starts]
    rivals = [] if said or settled else _rivals(found, best, evidence)
    if not settled and _zero_shot_objects(found, best, evidence, pooled, zero_shot):
        rivals = [found["zero_shot"]]
        ends.append(float((zero_shot.argmax(1) != labels)[own].float().mean()))
    others = tuple(_applied(other, parts, whole)[0] for other in rivals)
    middle, *fractions = [float(wrong_probability(each[own], labels[own]).mean()) for each in (true, *others)]
    interval = _interval(middle, taken, rivals, ends, evidence, seed, int(own.sum()))
    weights = dict(zip(parts, taken.weights.tolist(), strict=True))
    return Estimate(true, pooled, parts, weights, interval, others, tuple(fractions))


def names_say(parts: Mapping[str, Tensor], labels: Tensor) -> bool:
    """Whether zero-shot agrees with the classifiers that learned the given labels, clearly more than by chance."""
    if "zero_shot" not in parts:
        return False
    learned = torch.stack([part.log_softmax(1) for name, part in parts.items() if name not in BY_NAMES]).sum(0)
    agreement = float((parts["zero_shot"].argmax(1) == learned.argmax(1)).float().mean())
    return agreement > 1 / learned.shape[1] + ABOVE_CHANCE


def leads(parts: Mapping[str, Tensor], labels: Tensor) -> bool:
    """Whether zero-shot, which saw no label, predicts labels no worse than the classifiers that learned others."""
    right = {name: int((part.argmax(1) == labels).sum()) for name, part in parts.items()}
    return right["zero_shot"] >= max(count for name, count in right.items() if name not in BY_NAMES)


def explanations(evidence: Evidence) -> dict[str, Explanation]:
    """Explanations by where EM starts: `names`, if they say anything, `equal` weights, and mostly right `labels`.

    `surer` goes on from the better of the first two, with a higher price for entropy and many wrong labels expected.
    Without names it takes the classifiers at their word: what they confuse is the labels' confusion, not theirs.
    """
    count, classes = len(evidence.logs), evidence.logs.shape[2]
    flat = even(torch.tensor(1 - evidence.expected).double(), classes)
    found = {"equal": explain(evidence, torch.full((count,), 1.8 / count).double(), flat)}
    if evidence.named:
        few = replace(evidence, logs=evidence.logs[: evidence.named], more={})
        first = explain(few, torch.full((evidence.named,), 1.8 / evidence.named).double(), flat)
        weights = torch.cat([first.weights, torch.full((count - evidence.named,), 0.02).double()])
        found["names"] = explain(evidence, weights, first.matrix)
    best, surer = _from_names(found), replace(evidence, expected=min(MORE * evidence.expected, 0.8))
    weights, matrix = best.weights, best.matrix
    if not evidence.named:
        likeliest = one_hot(best.pooled.argmax(1), classes).double()
        weights, matrix = SURELY * weights, rows_of(expected_counts(likeliest, evidence.labels) + 0.1)
    found["surer"] = explain(surer, weights, matrix, price=0.3)
    right = replace(evidence, expected=0.02)
    start = even(torch.tensor(0.98).double(), classes)
    found["labels"] = explain(right, torch.full((count,), 1 / count).double(), start, price=0.0)
    return found


def _at_its_word(evidence: Evidence, zero_shot: Tensor) -> Explanation:
    """The explanation by zero-shot [P, C] as sure as it is, not tempered until images that look wrong seem hard."""
    weights = torch.zeros_like(evidence.pull())
    weights[0] = float((zero_shot.amax() - zero_shot.amin()) / (evidence.logs[0].amax() - evidence.logs[0].amin()))
    flat = even(torch.tensor(1 - evidence.expected).double(), zero_shot.shape[1])
    return explain(evidence, weights, flat, price=None)


def _zero_shot_objects(
    found: Mapping[str, Explanation], best: Explanation, evidence: Evidence, pooled: Tensor, zero_shot: Tensor
) -> bool:
    """Whether zero-shot, with which the classifiers agree, finds many more wrong labels at its word."""
    if not evidence.named or zero_shot_weight(pooled, zero_shot) < MOST:
        return False
    return float((found["zero_shot"].wrong(evidence.labels) - best.wrong(evidence.labels)).mean()) >= APART


def _from_names(found: Mapping[str, Explanation]) -> Explanation:
    names, equal = found.get("names", found["equal"]), found["equal"]
    return equal if equal.value > names.value + MARGIN else names


def _preferred(found: Mapping[str, Explanation], evidence: Evidence) -> Explanation:
    """The explanation that labels prefer, or decisions of a person, where there are any.

    A decision speaks for an explanation by the probability that it gives to the class that was decided for.
    """
    best = _from_names(found)
    if evidence.named and found["surer"].value > best.value + SURER:
        best = found["surer"]
    known = torch.nonzero(evidence.checked >= 0)[:, 0]
    if not len(known):
        return best

    def odds(one: Explanation) -> float:
        said = one.true[known, evidence.checked[known]].clamp(min=LEAST).log().sum()
        return float(said) + max(min(one.value - best.value, 0.0), -PRIOR_ODDS)

    return max([best, *found.values()], key=odds)


def _rivals(found: Mapping[str, Explanation], best: Explanation, evidence: Evidence) -> list[Explanation]:
    """Explanations with another fraction of wrong labels that explain the labels as well as the `best` one."""
    told = [best]
    for other in sorted((one for name, one in found.items() if name != "zero_shot"), key=lambda one: -one.evidence):
        said = float(other.wrong(evidence.labels).mean())
        apart = min(abs(said - float(one.wrong(evidence.labels).mean())) for one in told)
        if apart >= APART and (other.evidence > best.evidence - NATS or other.value > best.value):
            told.append(other)
    return told[1:]


def zero_shot_weight(true: Tensor, zero_shot: Tensor) -> float:
    """How much of the say zero-shot has, 0 to MOST: the more, the more its likeliest classes are the `true` ones."""
    agreement = float((true.argmax(1) == zero_shot.argmax(1)).float().mean())
    return MOST * min(max((agreement - AGREES[0]) / (AGREES[1] - AGREES[0]), 0.0), 1.0)


def _rows(labels: Tensor, checked: Tensor, numbers: int, seed: int) -> Tensor:
    """The labelled images that explanations are fitted to, checked ones first."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    order = (order := order[labels[order] >= 0])[(checked[order] < 0).argsort(stable=True)]
    return order[: min(max(SIZE // numbers, BOUNDS[0]), BOUNDS[1])].sort().values


def _applied(one: Explanation, parts: Mapping[str, Tensor], whole: Evidence) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities of true classes and pooled log-probabilities [P, C] of all images, and the matrix by all labels."""
    pooled = torch.zeros_like(next(iter(parts.values())))
    for weight, part in zip(one.weights.tolist(), parts.values(), strict=True):
        if weight > 0:
            pooled += weight * part.log_softmax(1)
    pooled, matrix, own = pooled.log_softmax(1), one.matrix, torch.nonzero(whole.labels >= 0)[:, 0]
    true = posterior(pooled, whole, matrix)
    for _ in range(0 if len(own) == one.true.shape[0] else MATRIX_ROUNDS):
        counts = expected_counts(true[own], whole.labels[own]).double()
        matrix = likeliest_prior(counts, fraction_wrong(counts, whole.expected)).matrix(counts)
        true = posterior(pooled, whole, matrix)
    return true, pooled, matrix


def _spread(doubt: Tensor, variance: float, images: int) -> float:
    """Half a 95 % interval of the mean of `images` probabilities [P] that labels are wrong, with more variance."""
    return 1.96 * ALIKE * math.sqrt((variance + float((doubt * (1 - doubt)).mean())) / images)


def _interval(
    middle: float, taken: Explanation, rivals: list[Explanation], ends: list[float],
    evidence: Evidence, seed: int, images: int,
) -> Interval:  # fmt: skip
    """An interval around the fraction `middle` of these very images, from two sources of error, added as squares.

    What the model cannot know: the variance of every label's being wrong, and of weights and matrix, by bootstrap draws
    of images in which they are fitted again. What was assumed: fits with another price of entropy and another fraction
    expected, and other `ends`, and rivals with their own spread. Those of the interval are whole numbers of images.
    """
    generator = torch.Generator().manual_seed(seed)
    some = evidence.pick(torch.randperm(len(evidence.labels), generator=generator)[:FEW])
    count, doubt = len(some.labels), taken.wrong(evidence.labels).double()
    draws = []
    for _ in range(DRAWS):
        drawn = some.pick(torch.randint(count, (count,), generator=generator))
        again = explain(drawn, taken.weights, taken.matrix, rounds=DRAW_ROUNDS)
        draws.append(float(wrong_probability(again.said_of(some), some.labels).mean()))
    spread = _spread(doubt, float(torch.tensor(draws).double().var()) * count, images)
    ends = [here := float(doubt.mean()), *ends]
    for price, other in ((0.0, replace(evidence, expected=0.02)), (0.3, replace(evidence, expected=0.5))):
        ends.append(float(explain(other, taken.weights, taken.matrix, price).wrong(evidence.labels).mean()))
    for doubted in (other.wrong(evidence.labels).double() for other in rivals):
        ends += (doubted.mean() + torch.tensor([-1, 1]) * _spread(doubted, 0.0, images)).tolist()
    down, up = here - min(ends), max(ends) - here
    low, high = middle - math.hypot(down, spread), middle + math.hypot(up, spread)
    return Interval(middle, max(0, math.floor(low * images)) / images, min(images, math.ceil(high * images)) / images)
