"""Weights & Biases, beside training and never in its way: another process logs finished records as they appear.

Records on disk remain the truth; whatever is not logged, for whatever reason, `promptnoise sync` logs afterwards.
"""

from benchmark.tracking.follow import Follower
from benchmark.tracking.mode import choose_mode
from benchmark.tracking.sync import Synced, sync
from benchmark.tracking.target import Target, target_of

__all__ = ["Follower", "Synced", "Target", "choose_mode", "sync", "target_of"]
