"""What every lip sync engine takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from media.face import Portrait
from media.patch import Frame
from media.sound import Sound

LOOK_BACK = 1.0
"""Seconds of sound before a frame that may move it."""

LOOK_AHEAD = 0.2125
"""Seconds of sound after a frame's start that may move it: as far as Wav2Lip hears, the engine that
hears furthest (docs/decisions/0011)."""

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True, eq=False)
class LipsyncCall:
    """A request for the frames [start, stop) of a job."""

    portrait: str
    """Content hash of the portrait."""
    fps: Fraction
    start: int
    stop: int
    sound: Sound
    """16 kHz, from LOOK_BACK before the first frame to LOOK_AHEAD after the last one's start."""
    seed: int = 0
    life: bool = False
    """Blinks and small movements of the head."""
    urgency: int = 0
    """Of calls that wait, those with the lowest go first (`deployments.encode.turns`)."""


class LipsyncEngine(Protocol[Prepared]):
    """Turns sound into patches on a prepared portrait. Thread-safe.

    A frame is a pure function of (seed, its number, the sound around it), never of what ran
    earlier.
    """

    weights: ClassVar[Sequence[str]]
    """Names in the weights manifest that the engine loads."""

    batch: ClassVar[int]
    """Calls that are made faster together than one by one; 1 where nothing is gained by it."""

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the weights: `files` maps each member's file name to where it lies."""

    def warm_up(self) -> None:
        """Infer once on made-up input, so that the first call takes no longer than the others."""

    def prepare(self, portrait: Portrait) -> Prepared:
        """Everything about a portrait that does not depend on the sound; done once."""

    def frames(self, calls: Sequence[tuple[Prepared, LipsyncCall]]) -> list[list[Frame]]:
        """The frames of each call; calls of several jobs are one batch where the engine can."""
