"""Blinks and small movements of the head as pure functions of seed and absolute time."""

from typing import Final

import numpy as np

from media.patch import Pose

SLOT: Final = 3.6
"""Seconds in which one blink falls; people at rest blink 15 to 20 times a minute."""
CLOSING: Final = 0.08
HELD: Final = 0.03
OPENING: Final = 0.16
"""Seconds of a blink's phases (mean human values)."""
EARLIEST: Final = 0.8
"""Seconds at a video's start without a blink: its first frame is its thumbnail."""


def blink(seed: int, seconds: float) -> float:
    """How far the lids are closed at a time: 0 open, 1 shut."""
    slot = int(seconds // SLOT)
    return max(_one_blink(seed, number, seconds) for number in (slot - 1, slot))


def _one_blink(seed: int, slot: int, seconds: float) -> float:
    if slot < 0:
        return 0.0
    place = float(np.random.default_rng((seed & 0xFFFFFFFF, slot, 1)).uniform(0.1, 0.9))
    start = max(EARLIEST, (slot + place) * SLOT)
    since = seconds - start
    if since < 0 or since > CLOSING + HELD + OPENING:
        return 0.0
    if since < CLOSING:
        share = since / CLOSING
    elif since < CLOSING + HELD:
        return 1.0
    else:
        share = 1 - (since - CLOSING - HELD) / OPENING
    return share * share * (3 - 2 * share)


def head_pose(seed: int, seconds: float, unit: float) -> Pose:
    """Sway, nod and breathing: sums of slow sines with phases from the seed; `unit` in pixels."""
    phases = np.random.default_rng((seed & 0xFFFFFFFF, 2)).uniform(0, 2 * np.pi, (4, 3))
    ease = min(1.0, seconds / 1.5)

    def sway(row: int, *hertz: float) -> float:
        waves = np.sin(2 * np.pi * np.array(hertz) * seconds + phases[row])
        return ease * float(waves @ np.array([0.5, 0.3, 0.2]))

    return Pose(
        dx=0.022 * unit * sway(0, 0.11, 0.23, 0.41),
        dy=0.016 * unit * sway(1, 0.25, 0.37, 0.61),
        roll=0.016 * sway(2, 0.09, 0.19, 0.33),
        scale=0.006 * sway(3, 0.25, 0.13, 0.29),
    )
