"""Whether memory stays flat: the growth of the processes that lived through the whole load."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtest.watch import Look

WARMING: Final = 600.0
"""Seconds of a soak that are not judged: caches fill, engines are met by their first requests."""
ALLOWED: Final = 0.05
"""Growth an hour, as a share of what is held."""


@dataclass(frozen=True, slots=True)
class Growth:
    """By a straight line through what was seen."""

    held: float
    """Median over the time judged."""
    an_hour: float
    """How much more an hour, in the same unit."""
    processes: int = 0

    @property
    def share(self) -> float:
        """Growth an hour over what is held."""
        return self.an_hour / self.held if self.held else 0.0

    def rounded(self) -> dict[str, float]:
        """For the raw figures."""
        return {
            "held": round(self.held),
            "an hour": round(self.an_hour),
            "share": round(self.share, 4),
            "processes": self.processes,
        }


def judged(looks: Sequence[Look], warming: float = WARMING) -> Sequence[Look]:
    """What was seen behind the warming; all of it where the load was shorter than twice that."""
    if not looks:
        return looks
    began = looks[0].at
    settled = [look for look in looks if look.at - began >= warming]
    return settled if looks[-1].at - began >= 2 * warming else looks


def memory_growth(looks: Sequence[Look]) -> Growth:
    """Bytes of the processes that are in every look: replicas that come and go are no growth."""
    lasting = set.intersection(*(_numbers(look) for look in looks))
    held = [
        sum(size for name, size in look.memory.items() if name.split()[0] in lasting)
        for look in looks
    ]
    return _line([look.at for look in looks], held, len(lasting))


def by_process(looks: Sequence[Look], most: int = 8) -> list[tuple[str, Growth]]:
    """Growth of the largest processes that are in every look, the fastest growing first."""
    lasting = set.intersection(*(_numbers(look) for look in looks))
    held: dict[str, list[float]] = {number: [] for number in lasting}
    names = {name.split()[0]: name.split(maxsplit=1)[-1] for name in looks[-1].memory}
    for look in looks:
        for name, size in look.memory.items():
            if (number := name.split()[0]) in lasting:
                held[number].append(size)
    at = [look.at for look in looks]
    lines = [(names[number], _line(at, sizes, 1)) for number, sizes in held.items()]
    largest = sorted(lines, key=lambda line: -line[1].held)[:most]
    return sorted(largest, key=lambda line: -line[1].an_hour)


def file_growth(looks: Sequence[Look]) -> Growth:
    """Open files of all processes."""
    return _line([look.at for look in looks], [look.files for look in looks], len(looks[-1].memory))


def _numbers(look: Look) -> set[str]:
    return {name.split()[0] for name in look.memory}


def _line(at: Sequence[float], held: Sequence[float], processes: int) -> Growth:
    """Theil and Sen's line: the median of the slopes of all pairs, which a few peaks don't move."""
    first, second = np.triu_indices(len(at), 1)
    rise, run = np.asarray(held, float), np.asarray(at, float)
    slopes = (rise[second] - rise[first]) / (run[second] - run[first])
    return Growth(float(np.median(rise)), float(np.median(slopes)) * 3600, processes)
