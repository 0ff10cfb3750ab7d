"""What is asked of the service, and what its machines cost."""

import math
import re
from dataclasses import dataclass
from typing import Final

from media.errors import AvatarError

LONGEST: Final = 1800.0
"""Seconds of a video; what the service lets in unless it is told otherwise."""
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Demand:
    """Videos, and how they are to be borne. Raises AvatarError `invalid_request` for nonsense."""

    videos_per_hour: float
    """The mean over a day."""
    seconds: float = 30.0
    """Of the mean video."""
    size: str = "512x512"
    peak: float = 1.0
    """Times the mean that the busiest hour has."""
    painted: float = 0.0
    """Share of the videos whose face is painted from words."""
    uploaded: float = 0.0
    """Share of the videos whose face is uploaded."""
    views: float = 1.0
    """Times that a video is fetched."""
    keep_days: float = 7.0
    """0: for ever."""
    utilisation: float = 0.7
    """Share of its replicas' time that a stage may be busy at the peak."""
    headroom: float = 0.25
    """How much more than the peak's replicas there may come to be."""

    def __post_init__(self) -> None:
        _require(self.videos_per_hour > 0, "videos_per_hour", self.videos_per_hour, "above 0")
        _require(
            0 < self.seconds <= LONGEST, "seconds", self.seconds, f"above 0, {LONGEST:g} at most"
        )
        _require(self.peak >= 1, "peak", self.peak, "1 or more: it is times the mean")
        for name in ("painted", "uploaded"):
            share = getattr(self, name)
            _require(0 <= share <= 1, name, share, "between 0 and 1: it is a share of the videos")
        both = self.painted + self.uploaded
        _require(both <= 1, "painted", both, "1 at most with --uploaded: a video has one face")
        _require(self.views >= 0, "views", self.views, "0 or more")
        _require(self.keep_days >= 0, "keep_days", self.keep_days, "0 (for ever) or more")
        _require(0 < self.utilisation < 1, "utilisation", self.utilisation, "between 0 and 1")
        _require(self.headroom >= 0, "headroom", self.headroom, "0 or more")
        width, height = self._sides()
        if min(width, height) < 2:
            raise AvatarError("invalid_request", "size must be like 512x512.", param="size")

    @property
    def pixels(self) -> int:
        """Of a picture."""
        width, height = self._sides()
        return width * height

    @property
    def rate(self) -> float:
        """Videos that begin in a second of the busiest hour."""
        return self.videos_per_hour * self.peak / 3600.0

    @property
    def a_day(self) -> float:
        """Videos a day."""
        return self.videos_per_hour * 24.0

    def _sides(self) -> tuple[int, int]:
        found = _SIZE.fullmatch(self.size)
        return (int(found[1]), int(found[2])) if found else (0, 0)


@dataclass(frozen=True, slots=True)
class Prices:
    """Of an hour of one core and of one card, in the operator's own currency."""

    cpu_hour: float | None = None
    gpu_hour: float | None = None

    def __post_init__(self) -> None:
        for name, price in (("cpu_hour_price", self.cpu_hour), ("gpu_hour_price", self.gpu_hour)):
            if price is not None and not (price >= 0 and math.isfinite(price)):
                sentence = f"{name} must be 0 or more, not {price:g}."
                raise AvatarError("invalid_request", sentence, param=name)


def _require(holds: bool, name: str, value: float, wanted: str) -> None:
    if not (holds and math.isfinite(value)):
        raise AvatarError("invalid_request", f"{name} must be {wanted}, not {value:g}.", param=name)
