"""A clip: everything that scores are taken from."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import FaceFrame, face_frame
from media.face import Picture, Portrait
from media.sound import Phone, Sound

Curve = NDArray[np.float64]
"""One number a frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What is heard: 48 kHz sound and, where they are known, the phones in it."""

    name: str
    sound: Sound
    phones: tuple[Phone, ...] = ()
    """Times in seconds of the track; empty for a recording whose words nobody timed."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Frames of a talking portrait, the head at rest, and the sound they belong to."""

    name: str
    portrait: Portrait
    still: Picture
    """The canvas before any patch lies on it, through the same colour planes as the frames."""
    frames: tuple[Picture, ...]
    box: tuple[int, int, int, int]
    """x, y, width, height of the rectangle that the mouth's patches cover."""
    fps: Fraction
    track: Track
    asked: Curve
    """Opening that the engine was led by, in face units: see MouthCurves."""

    @property
    def times(self) -> Curve:
        """(frames,) seconds at which the frames begin; the engine means its shapes for then."""
        return np.asarray(np.arange(len(self.frames)) / float(self.fps), np.float64)

    @property
    def axes(self) -> FaceFrame:
        """The face's axes and unit in the photo; the head is at rest, so they hold throughout."""
        if self.portrait.face.mesh is None:
            raise ValueError("a portrait's face needs its mesh")
        return face_frame(self.portrait.face.mesh)
