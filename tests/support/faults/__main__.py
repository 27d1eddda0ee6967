"""The campaign: many trials, over all commands that write and all moments, and a table of what survived."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

from tests.support.faults.commands import warm
from tests.support.faults.moments import PHASES
from tests.support.faults.trials import Outcome, Trials

#: How many of sixty trials there are of a phase of a bench, and of each other command.
OF_BENCH = {
    "planning": 1, "encoding": 3, "first epoch": 4, "between records": 8, "record": 8, "predictions": 7, "learned": 7,
    "manifest": 1, "table": 2, "W&B follower": 2,
}  # fmt: skip
OTHERS = {"merge": 7, "choose": 4, "audit": 3, "export": 2, "predict": 1}


def main() -> int:
    """Prints the table; 0 if everything survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    warm()
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder))
        outcomes: list[Outcome] = []
        for number, (command, phase) in enumerate(_plan(options.trials, trials, rng), start=1):
            outcomes.append(trials.run(command, phase, rng))
            print(f"{number} of {options.trials}: {outcomes[-1]}", flush=True)
    print("\n".join(table(outcomes)))
    return int(any(outcome.wrong for outcome in outcomes))


def _plan(count: int, trials: Trials, rng: random.Random) -> list[tuple[str, str]]:
    """Commands and phases in a random order; the phases of commands other than bench in turn."""
    every = [("bench", phase) for phase, number in OF_BENCH.items() for _ in range(number)]
    turns = {command: cycle(reversed(trials.phases(command))) for command in OTHERS}
    every += [(command, phase) for command, number in OTHERS.items() for phase in islice(turns[command], number)]
    rng.shuffle(every)
    return list(islice(cycle(every), count))


def table(outcomes: list[Outcome]) -> list[str]:
    """Lines of trials, strikes between the first and the last file, and survivors, by phase."""
    lines = [f"{'phase':18}{'trials':>8}{'inside':>8}{'survived':>10}  commands"]
    for phase in [*PHASES, "all"]:
        own = [outcome for outcome in outcomes if phase in (outcome.phase, "all")]
        names = Counter(outcome.command for outcome in own)
        counts = (len(own), sum(outcome.inside for outcome in own), sum(not outcome.wrong for outcome in own))
        said = ", ".join(f"{name} {number}" for name, number in names.items())
        lines.append(f"{phase:18}{counts[0]:8}{counts[1]:8}{counts[2]:10}  {said}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
