"""What work takes, from the moment a clock is made."""

import time
from dataclasses import dataclass, field

from analysis.sensitivity.peak import peak_bytes
from analysis.sensitivity.points import SweepCost


@dataclass(frozen=True, slots=True)
class Clock:
    """Started when it is made."""

    _wall: float = field(default_factory=time.perf_counter)
    _cpu: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._wall

    def cost(self, forwards: float) -> SweepCost:
        """What the work took so far, in this process."""
        cpu = time.process_time() - self._cpu
        return SweepCost(forwards, self.seconds, peak_bytes(), cpu_seconds=cpu)
