"""What an audit says on the screen of what it found."""

from __future__ import annotations

import math

from benchmark.audit.audit_result import AuditResult
from benchmark.audit.copies import Copies
from benchmark.audit.doubtful import Doubtful
from benchmark.audit.estimate import said
from benchmark.audit.picture_issues import HINT, IS_INSTALLED
from benchmark.audit.ranking_quality import calibration_error, quality
from benchmark.screen import Screen, table
from datamodules.dataset import Labels

#: Width of the interval of the fraction of wrong labels from which on a person is warned.
WIDE = 0.15


def say_result(console: Screen, data: Doubtful, result: AuditResult, copies: Copies, expected: float) -> None:
    """What was found in data whose fraction of wrong labels was `expected`, and how good it is where truth is known."""
    share = result.fraction
    for line in said(share, [rival.fraction for rival in result.rivals], result.exchanged, data.values):
        console.say(line, "" if line.startswith("probably") else "yellow")
    if result.rivals:
        console.say(f"look at the {len(result.questions)} pictures of questions.csv to decide, on the page", "yellow")
    console.say(f"{len(result.misfits)} images fit no class (misfits.csv)")
    for line in copies.told(data.given):
        console.say(line)
    if data.left_out:
        first = " ".join(data.left_out[0])
        console.say(f"{len(data.left_out)} files left out: {first} ...; see left_out.csv", "yellow")
    if data.issues:
        console.say(f"{len(data.issues)} pictures are dark, blurred, tiny or of an odd shape (issues.csv)")
    elif not IS_INSTALLED:
        console.say(HINT, "dim")
    if share.high - share.low > WIDE:
        console.say(
            "the backbone hardly tells these classes apart: trust the order more than share and probabilities, look at "
            f"the pictures, and say what you expect with --expected (now {expected:g})", "yellow",
        )  # fmt: skip
    if data.true is not None:
        _say_quality(console, data.given, data.true, result)


def _say_quality(console: Screen, given: Labels, true: Labels, result: AuditResult) -> None:
    wrong = given != true
    head = ("score", "AUROC", "AP", f"precision at {int(wrong.sum())}")
    qualities = {name: quality(-score, wrong) for name, score in {"joint": result.wrong, **result.scores}.items()}
    known = {name: own for name, own in qualities.items() if not math.isnan(own.auroc)}
    rows = [[name, *(f"{value:.1f}" for value in (own.auroc, own.ap, own.precision))] for name, own in known.items()]
    console.print(table(head, rows, f"{wrong.mean():.1%} are wrong ({int(wrong.sum())} labels)"))
    right = float((result.suggested == true).mean())
    console.say(
        f"calibration error of the probability: {100 * calibration_error(result.wrong, wrong):.1f} %; "
        f"suggested labels that are right: {right:.1%}, given ones: {1 - wrong.mean():.1%}"
    )
