"""The cases by name, in the order in which they are timed."""

from __future__ import annotations

from benchmark.speed import CASES, embedded, paper_grid, text_memory, text_pass, training_step
from benchmark.speed.cases import Case


def case_functions() -> dict[str, Case]:
    """What each case times."""
    work = (
        text_pass.text, training_step.step, embedded.trainings, text_pass.growth, embedded.packs, text_memory.memory,
        text_pass.peak, paper_grid.campaign,
    )  # fmt: skip
    return dict(zip(CASES, work, strict=True))
