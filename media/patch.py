"""What lip sync hands to encode: small changed rectangles and a head pose, never whole frames."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.uint8]
"""I420 in one array of shape (height * 3 / 2, width): the rows of Y, then U, then V."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle of changed pixels: I420, BT.709 limited range; x, y, width, height all even."""

    x: int
    y: int
    planes: Planes

    @property
    def width(self) -> int:
        """Width in luma pixels."""
        return int(self.planes.shape[1])

    @property
    def height(self) -> int:
        """Height in luma pixels."""
        return int(self.planes.shape[0]) * 2 // 3


@dataclass(frozen=True, slots=True)
class Pose:
    """A small movement of the head's region: shift in pixels, turn in radians, relative growth."""

    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    scale: float = 0.0

    @property
    def at_rest(self) -> bool:
        """True when applying the pose would change nothing."""
        return self.dx == self.dy == self.roll == self.scale == 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One video frame, as what differs from the portrait."""

    patches: tuple[Patch, ...] = ()
    pose: Pose = field(default_factory=Pose)
