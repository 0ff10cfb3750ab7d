"""All figures of a clip, and those of several clips together."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from bench.lips_scores.clip import Clip
from bench.lips_scores.look import Look
from bench.lips_scores.looks import flicker, likeness, seam, sharpness
from bench.lips_scores.timing import (
    agreement,
    closures,
    correlation,
    known_opening,
    movement_in_silence,
    peak_ratio,
    silence,
    small_error,
    speech_level,
    vowels_shut,
)
from deployments.face.insightface import InsightFace


@dataclass(frozen=True, slots=True)
class Scores:
    """What a clip scores; None where it cannot be told. Openings are in face units."""

    sync: float | None
    """Correlation of the opening with the phones' known one, at the best lag."""
    lag_ms: float | None
    """That lag; positive is late."""
    level_sync: float
    """Correlation of the opening with the speech's level, at the best lag."""
    level_lag_ms: float | None
    shut: int
    closers: int
    """m, b and p shut within one frame of their middle, of all."""
    vowels_shut: int
    vowels: int
    """Vowels that call for an open mouth and are shut, of all."""
    silence: float | None
    """Movement in silence as a share of that in speech."""
    movement: float
    """Change of the opening from frame to frame while someone speaks."""
    gap_in_silence: float | None
    """Opening when nobody speaks."""
    asked: float
    """Correlation of the opening shown with the one asked for."""
    asked_by_mesh: float
    """The same by the face mesh alone, which is insensitive below .05."""
    followed: float
    """Share of frames whose lips were followed in the pixels; the mesh stands in for the rest."""
    peak: float | None
    """Shown over asked, at peaks."""
    small: float | None
    small_bias: float | None
    """Mean absolute and signed error where .02 to .10 is asked for."""
    likeness: float | None
    """Least cosine of ArcFace's embeddings with the photo's."""
    sharpness: float
    """Detail of the mouth's rectangle against the photo's."""
    lips_sharpness: float
    """The same of the lips alone."""
    seam: float
    """Gradient energy across the rectangle's border against the photo's, worst frame."""
    flicker: float
    """Change outside the rectangle, of 255, worst frame."""


def score(clip: Clip, look: Look, identity: InsightFace | None = None) -> Scores:
    """Every figure of one clip."""
    shown, times = look.opening, clip.times
    spoken = bool(clip.track.phones)
    sync, lag = agreement(shown, times, known_opening(clip.track)) if spoken else (None, None)
    level_sync, level_lag = agreement(shown, times, speech_level(clip.track.sound))
    still, movement = movement_in_silence(clip, shown)
    quiet = shown[silence(clip)]
    whole, lips = sharpness(clip, look)
    return Scores(
        sync,
        lag,
        level_sync,
        level_lag,
        *closures(clip, shown),
        *vowels_shut(clip, shown),
        still,
        movement,
        float(np.median(quiet)) if len(quiet) else None,
        correlation(shown, clip.asked),
        correlation(look.mesh_opening, clip.asked),
        look.followed,
        peak_ratio(shown, clip.asked),
        *small_error(shown, clip.asked),
        likeness(clip, identity) if identity else None,
        whole,
        lips,
        seam(clip),
        flicker(clip),
    )


def together(rows: Sequence[Scores]) -> Scores:
    """Several clips as one: counts added, all else the mean of what is known."""
    found: dict[str, float | None] = {}
    for name in (field.name for field in fields(Scores)):
        known = [value for row in rows if (value := getattr(row, name)) is not None]
        counted = name in ("shut", "closers", "vowels_shut", "vowels")
        found[name] = sum(known) if counted else (float(np.mean(known)) if known else None)
    return Scores(**found)  # type: ignore[arg-type]  # every row has the fields that are never None
