"""How fast the suite is: the same runs in a plain loop written from CoOp's paper and in packs, in one process."""

#: What can be timed.
CASES = ("text", "step", "trainings", "growth", "packs", "memory", "peak", "campaign")
