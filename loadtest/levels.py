"""Service levels: what is promised, what was measured, what is not held."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtest.record import NOT_YET, WAITED, Request

PAGE: Final = ("page", "page's file", "gallery", "gallery's picture", "voices")
ACCEPT: Final = ("accept text", "accept recording", "accept picture", "accept prompt")


@dataclass(frozen=True, slots=True)
class Level:
    """95 of 100 of these take no longer than so many seconds."""

    name: str
    of: tuple[str, ...]
    """Requests that it counts, by what they ask for."""
    seconds: float


LEVELS: Final = (
    Level("accepting a video", ACCEPT, 1.5),
    Level("first picture", ("first picture",), 3.0),
    Level("first sound of speech alone", ("speech",), 1.0),
    Level("a file of the page", PAGE, 0.5),
    Level("cancelling", ("cancel",), 1.0),
)
"""What 2 cores with the embedded engines promise up to the load that `steps` names."""


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank). Raises on nothing."""
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(requests: Iterable[Request]) -> dict[str, dict[str, float]]:
    """Per kind of request: how many, how many failed, p50, p95 and the longest, in seconds.

    A failed request's time counts for nothing: what failed at once was not fast.
    """
    grouped: dict[str, list[Request]] = {}
    for request in requests:
        grouped.setdefault(request.what, []).append(request)
    found = {}
    for what, several in sorted(grouped.items()):
        seconds = [request.seconds for request in several if request.fault is None]
        found[what] = {
            "requests": float(len(several)),
            "failed": float(len(several) - len(seconds)),
        }
        if seconds:
            found[what] |= {
                "p50": round(percentile(seconds, 0.50), 3),
                "p95": round(percentile(seconds, 0.95), 3),
                "longest": round(max(seconds), 3),
            }
    return found


def faults(requests: Iterable[Request]) -> dict[str, int]:
    """What went wrong, and how often."""
    return dict(
        Counter(f"{r.what}: {r.fault}" for r in requests if r.fault is not None).most_common()
    )


def measured(requests: Sequence[Request], levels: Iterable[Level] = LEVELS) -> dict[str, float]:
    """p95 in seconds of each level that something was asked for."""
    found = {}
    for level in levels:
        seconds = [r.seconds for r in requests if r.what in level.of and r.fault is None]
        if seconds:
            found[level.name] = round(percentile(seconds, 0.95), 3)
    return found


def slow(requests: Sequence[Request], levels: Iterable[Level] = LEVELS) -> list[str]:
    """A sentence for each level that took longer than is promised."""
    p95 = measured(requests, levels)
    return [
        f"{level.name}: p95 {p95[level.name]:.2f} s, promised {level.seconds:g} s"
        for level in levels
        if p95.get(level.name, 0.0) > level.seconds
    ]


def failures(requests: Sequence[Request]) -> list[str]:
    """A sentence for each kind of failure, or for there being nothing to judge."""
    said = [f"failed {count} times: {fault}" for fault, count in faults(requests).items()]
    return said if requests else ["nothing was asked"]


def broken(requests: Sequence[Request], levels: Iterable[Level] = LEVELS) -> list[str]:
    """A sentence for each level that is not held; none that failed is forgiven."""
    said = failures(requests)
    told = measured(requests, levels)
    said += [f"{level.name}: nothing told of it" for level in levels if level.name not in told]
    return said + slow(requests, levels)


def in_all(requests: Sequence[Request]) -> Mapping[str, Any]:
    """Totals."""
    asked = [r for r in requests if r.what not in (WAITED, NOT_YET)]
    return {
        "requests": len(asked),
        "failed": sum(r.fault is not None for r in asked),
        "told to wait": sum(r.what == WAITED for r in requests),
        "playlists not yet": sum(r.what == NOT_YET for r in requests),
        "videos": sum(r.what == "video" and r.fault is None for r in requests),
    }
