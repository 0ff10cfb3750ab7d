# ruff: noqa: RUF001 - phonetic symbols are meant
"""Scores of time: does the mouth do what is heard, when it is heard?"""

from typing import Final

import numpy as np

from bench.lips_scores.clip import Clip, Curve, Track
from media.sound import Sound
from training.mouth.targets import HOPS_A_SECOND, LEAD, LIPS_SHUT, targets

SHUT: Final = 0.02
"""An opening below this is a closed mouth, in face units: a line of 2 pixels in a face of 250."""
VOWELS: Final = frozenset("ɑaæʌɐəᵊᵻɛeɪioɔɒuʊɜɚɝAIOQWY")
CLEARLY_OPEN: Final = 2 * SHUT
"""A vowel whose known opening is below this may be shown shut: its neighbours close it."""
MARGIN: Final = 0.2
"""Seconds round speech that count as speech: lips open early and close late."""
FADE: Final = 0.15
"""Seconds from the end of speech until a mouth is at rest."""
STILL: Final = 1e-4
"""A curve that varies less than this, in face units, does not move."""
SMALL: Final = (0.02, 0.10)
PEAK: Final = 0.08
"""Face units from which a greatest opening is a peak."""

_MOST_LAG, _LAG_STEP = 0.4, 0.01
_LEVEL_WINDOW, _LEVEL_RANGE = 0.05, 35.0


def known_opening(track: Track) -> Curve:
    """Opening at 100 Hz that the phones call for, in step with the sound.

    It is back at rest FADE after the last phone before a pause: the rules of training let the rest
    begin in the middle of a pause, which is late where the pause is long.
    """
    times = np.array([(p.start, p.end) for p in track.phones], np.float32).reshape(-1, 2)
    opening = targets([p.symbol for p in track.phones], times, track.sound.seconds)[:, 0]
    opening = np.pad(opening, (round(LEAD * HOPS_A_SECOND), 0), mode="edge")[: len(opening)]
    now = np.arange(len(opening))[:, None] / HOPS_A_SECOND
    away = np.maximum(0, np.maximum(times[:, 0] - now, now - times[:, 1])).min(axis=1, initial=FADE)
    speaks = 1 - away / FADE
    return np.asarray(opening * speaks * speaks * (3 - 2 * speaks), np.float64)


def speech_level(sound: Sound) -> Curve:
    """Level at 100 Hz: 1 at the loudest, 0 at 35 dB below it, of the 50 ms round each moment."""
    hop, half = sound.rate // HOPS_A_SECOND, int(_LEVEL_WINDOW * sound.rate / 2)
    energy = np.cumsum(np.pad(sound.samples.astype(np.float64) ** 2, (half + 1, half)))
    centres = np.arange(0, len(sound.samples), hop)
    power = (energy[centres + 2 * half] - energy[centres]) / (2 * half)
    decibels = 10 * np.log10(power + 1e-12)
    return np.asarray(np.clip((decibels - decibels.max()) / _LEVEL_RANGE + 1, 0, 1), np.float64)


def agreement(shown: Curve, times: Curve, known: Curve) -> tuple[float, float | None]:
    """Greatest correlation of a shown curve with a known one, and its lag in milliseconds.

    Args:
        shown: (frames,) what is seen at `times`.
        times: (frames,) seconds.
        known: Samples at 100 Hz; before and after them nothing changes.

    Returns:
        The correlation at the lag, from -400 to 400 ms, where it is greatest; 0 and no lag where
        either does not move. A positive lag is a late mouth.
    """
    grid = np.arange(len(known)) / HOPS_A_SECOND
    steps = round(_MOST_LAG / _LAG_STEP)
    found: dict[int, float] = {}
    for step in range(-steps, steps + 1):
        meant = np.interp(times - step * _LAG_STEP, grid, known)
        found[step] = correlation(shown, meant)
    best = max(found, key=lambda step: (found[step], -abs(step)))
    moved = float(np.std(shown)) > STILL and float(np.std(known)) > STILL
    return found[best], best * _LAG_STEP * 1e3 if moved else None


def correlation(one: Curve, other: Curve) -> float:
    """Pearson's; 0 where either does not move."""
    if min(float(np.std(one)), float(np.std(other))) <= STILL:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def closures(clip: Clip, opening: Curve) -> tuple[int, int]:
    """Of how many m, b and p the mouth is shut within one frame of the phone's middle; of all."""
    shut = [
        bool(_near(clip, opening, (p.start + p.end) / 2).min(initial=1.0) < SHUT)
        for p in clip.track.phones
        if p.symbol in LIPS_SHUT
    ]
    return sum(shut), len(shut)


def vowels_shut(clip: Clip, opening: Curve) -> tuple[int, int]:
    """How many vowels that call for an open mouth are shut in the frames round them; of all."""
    if not clip.track.phones:
        return 0, 0
    known = known_opening(clip.track)
    shut = []
    for phone in clip.track.phones:
        middle = (phone.start + phone.end) / 2
        hop = min(len(known) - 1, round(middle * HOPS_A_SECOND))
        if phone.symbol in VOWELS and known[hop] >= CLEARLY_OPEN:
            shut.append(bool(_near(clip, opening, middle).max(initial=0.0) < SHUT))
    return sum(shut), len(shut)


def _near(clip: Clip, opening: Curve, seconds: float) -> Curve:
    """Openings of the frames that begin within one frame of a time."""
    return opening[np.abs(clip.times - seconds) <= 1 / float(clip.fps) + 1e-6]


def silence(clip: Clip) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(frames,): nobody speaks within MARGIN of the frame, by the phones or else by the level."""
    if clip.track.phones:
        spans = np.array([(p.start, p.end) for p in clip.track.phones])
    else:
        loud = np.flatnonzero(speech_level(clip.track.sound) > 0.15) / HOPS_A_SECOND
        spans = np.stack([loud, loud], axis=1)
    times = clip.times[:, None]
    near = (times > spans[:, 0] - MARGIN) & (times < spans[:, 1] + MARGIN)
    return np.asarray(~near.any(axis=1))


def movement_in_silence(clip: Clip, opening: Curve) -> tuple[float | None, float]:
    """Change from frame to frame in silence as a share of that in speech; that in speech itself.

    The share is None where there is no silence, or no movement to compare with.
    """
    change = np.abs(np.diff(opening))
    quiet = silence(clip)
    still = quiet[1:] & quiet[:-1]
    speaking = ~quiet[1:] & ~quiet[:-1]
    moved = float(change[speaking].mean()) if speaking.any() else 0.0
    if not still.any() or moved <= STILL:
        return None, moved
    return float(change[still].mean()) / moved, moved


def peak_ratio(shown: Curve, asked: Curve) -> float | None:
    """Median, over the peaks asked for, of the widest opening shown within a frame of each."""
    inner = asked[1:-1]
    tops = np.flatnonzero((inner >= asked[:-2]) & (inner > asked[2:]) & (inner >= PEAK)) + 1
    ratios = [float(shown[max(0, n - 1) : n + 2].max() / asked[n]) for n in tops]
    return float(np.median(ratios)) if ratios else None


def small_error(shown: Curve, asked: Curve) -> tuple[float | None, float | None]:
    """Mean absolute and mean signed error where an opening of SMALL is asked for."""
    chosen = (asked >= SMALL[0]) & (asked <= SMALL[1])
    if not chosen.any():
        return None, None
    error = shown[chosen] - asked[chosen]
    return float(np.abs(error).mean()), float(error.mean())
