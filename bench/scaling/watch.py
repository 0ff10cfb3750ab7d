"""What is seen of the cluster while it is under load, twice a second."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from bench.scaling.config import GPUS
from bench.scaling.simulated import SimulatedCluster

PERIOD: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: seconds from the start, jobs under way, running replicas."""

    at: float
    jobs: int
    replicas: dict[str, int]


@dataclass
class Watch:
    """Looks on until it is cancelled. `jobs` is counted by whoever makes the load."""

    cluster: SimulatedCluster
    jobs: int = 0
    began: float = field(default_factory=time.monotonic)
    sights: list[Sight] = field(default_factory=list)
    fullest: float = 0.0
    """The largest sum of shares that replicas had of one card."""
    at_most: dict[str, int] = field(default_factory=dict)
    """The most replicas of a stage on one card."""

    async def run(self) -> None:
        """Look, and note."""
        while True:
            replicas, shares = await asyncio.to_thread(self._look)
            self.sights.append(Sight(round(self.now(), 1), self.jobs, replicas))
            for stages in shares.values():
                self.fullest = max(self.fullest, sum(GPUS[s] * n for s, n in stages.items()))
                for stage, n in stages.items():
                    self.at_most[stage] = max(self.at_most.get(stage, 0), n)
            await asyncio.sleep(PERIOD)

    def now(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self.began

    def most(self, since: float) -> dict[str, int]:
        """The most replicas of each stage that were seen since then."""
        seen = [sight.replicas for sight in self.sights if sight.at >= since]
        return {stage: max(s.get(stage, 0) for s in seen) for stage in (seen[-1] if seen else {})}

    def _look(self) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        return self.cluster.replicas(), self.cluster.card_shares()
