"""Weights & Biases, beside training and never in its way: another process logs finished records as they appear.

Records on disk remain the truth; whatever is not logged, for whatever reason, `promptnoise sync` logs afterwards.
For those without W&B, `Files` writes the same as CSV and TensorBoard files.
"""

from benchmark.tracking.curve_files import Files, check_track
from benchmark.tracking.follow import Follower
from benchmark.tracking.logging_records import Synced, sync
from benchmark.tracking.mode import choose_mode, parse_track
from benchmark.tracking.target import Target, target_of

__all__ = ["Files", "Follower", "Synced", "Target", "check_track", "choose_mode", "parse_track", "sync", "target_of"]
