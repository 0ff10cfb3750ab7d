"""From means over short and over long videos to what each video takes, and each second of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.sizing.videos import Means


@dataclass(frozen=True, slots=True)
class Sized:
    """Short and long videos of one size."""

    pixels: int
    short: Means
    long: Means

    def point(self, name: str) -> dict[str, float]:
        """A line through both; one that would be negative anywhere is laid through zero."""
        low, high = self.short.took.get(name, 0.0), self.long.took.get(name, 0.0)
        second = (high - low) / (self.long.seconds - self.short.seconds)
        video = low - second * self.short.seconds
        if second < 0:
            second, video = 0.0, (low + high) / 2
        elif video < 0:
            second, video = high / self.long.seconds, 0.0
        return {"pixels": self.pixels, "video": _round(video), "second": _round(second)}

    def beyond(self, name: str, means: Means) -> float:
        """What videos of another kind, of this size, took more than plain ones of their length."""
        point = self.point(name)
        plain = point["video"] + point["second"] * means.seconds
        return _round(max(0.0, means.took.get(name, 0.0) - plain))


@dataclass(frozen=True, slots=True)
class Measured:
    """All videos that were made."""

    sizes: Sequence[Sized]
    faces: Sized
    """Of the size that painted and uploaded faces were measured with."""
    painted: Means
    uploaded: Means

    def cost(self, name: str) -> dict[str, Any]:
        """As figures.json has it."""
        return {
            "at": [sized.point(name) for sized in self.sizes],
            "painted": self.faces.beyond(name, self.painted),
            "uploaded": self.faces.beyond(name, self.uploaded),
        }


def _round(value: float) -> float:
    return float(f"{value:.4g}")
