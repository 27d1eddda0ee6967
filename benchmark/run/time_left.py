"""How long a campaign still takes: by its plan's counts at first, then by how much of them is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmark.plan.gpu_hours import EFFICIENCY, PEAKS, Counts
from benchmark.plan.packs import Pack

#: FLOP a second of a CPU with a few cores and of an A100, which are taken until something is measured.
SPEEDS = {"cpu": 1e11, "cuda": EFFICIENCY * PEAKS["A100"]["bf16"] * 1e12}

#: Seconds after the first work of all before its speed tells how long the rest takes: the first steps are slow.
MEASURED = 3.0


class TimeLeft:
    """Seconds left of packs on some devices; of a backbone with unknown towers there are none before the first step."""

    def __init__(
        self, packs: Sequence[Pack] = (), devices: Sequence[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        counts = Counts.of(packs)
        speed = SPEEDS["cuda" if any("cuda" in device for device in devices) else "cpu"]
        planned = counts.at(speed, max(1, len(devices))) if counts else None
        self._clock, self._begun = clock, clock()
        self._views = counts.views if counts else 0
        self._encoding = planned.encoding / planned.seconds if planned else 0.0
        self._end = self._begun + planned.seconds if planned else None
        self._encoded, self._last = 0, dict[int, int]()

    def encoded(self, worker: int, done: int, trained: float) -> None:
        """A worker has encoded `done` images of a part; `trained` is the fraction of all training that is done."""
        before = self._last.get(worker, 0)
        self._last[worker] = done
        self._encoded += done - before if done >= before else done
        self.trained(trained)

    def trained(self, fraction: float) -> None:
        """So much of the training is done, 0 to 1; at least as much is done of the encoding, or was before."""
        encoded = max(fraction, min(1.0, self._encoded / self._views)) if self._views else fraction
        done, now = self._encoding * encoded + (1 - self._encoding) * fraction, self._clock()
        if not done:
            self._begun = now  # so far all was loaded, and nothing done
        elif now - self._begun >= MEASURED:
            self._end = now + (now - self._begun) * (1 - done) / done

    def seconds(self) -> float | None:
        """From now on; None where nothing is known."""
        return None if self._end is None else max(0.0, self._end - self._clock())
