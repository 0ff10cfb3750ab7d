# ruff: noqa: RUF001 - phonetic symbols are meant
"""What the mouth should do, from phonemes and their times: coarticulation by weighted averaging.

Each phoneme pulls opening and width towards its own with a weight that falls off around it, after
Cohen and Massaro, "Modeling coarticulation in synthetic visual speech" (1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

HOPS_A_SECOND = 100
LEAD = 0.022
"""Seconds by which the mouth is ahead of the sound.

A frame is seen for .04: its middle then falls together with what is heard.
"""
NAMES = ("opening", "width", "closure", "teeth", "voice", "bared", "tongue")

_BRIEFEST, _SPREAD = 0.035, 0.45
_RAMP = 0.055
_PAUSE, _REST = 0.1, 0.15


@dataclass(frozen=True, slots=True)
class Shape:
    """A phoneme's own mouth (face units) and how strongly it insists on it."""

    opening: float
    width: float
    weight: float
    bared: float = 0.5
    """How much of the teeth the lips leave to be seen, 0 to 1."""


REST = Shape(0.0, 0.0, 0.9)
LIPS_SHUT = frozenset("mbp")
LIP_TO_TEETH = frozenset("fv")
TONGUE = {"l": 1.0, "θ": 1.0, "ð": 1.0, "n": 0.5, "d": 0.4, "t": 0.4, "ɾ": 0.5}
"""How far the tongue is seen to rise."""

_TABLE: dict[str, tuple[Shape, ...]] = {}


def _put(symbols: str, *shapes: Shape) -> None:
    _TABLE.update(dict.fromkeys(symbols, shapes))


_put("ɑa", Shape(0.19, 0.0, 1.0, 0.5))
_put("æ", Shape(0.165, 0.03, 1.0, 0.65))
_put("ʌɐ", Shape(0.12, 0.0, 0.9, 0.5))
_put("əᵊᵻ", Shape(0.075, 0.0, 0.5, 0.5))
_put("ɛe", Shape(0.12, 0.03, 1.0, 0.7))
_put("ɪ", Shape(0.075, 0.04, 0.8, 0.8))
_put("i", Shape(0.065, 0.06, 1.0, 0.95))
_put("oɔɒ", Shape(0.14, -0.09, 1.0, 0.15))
_put("uʊ", Shape(0.055, -0.15, 1.1, 0.05))
_put("ɜɚɝ", Shape(0.075, -0.06, 0.9, 0.35))
# Diphthongs glide from one shape to another.
_put("A", Shape(0.125, 0.03, 1.0, 0.7), Shape(0.075, 0.05, 0.9, 0.85))
_put("I", Shape(0.18, 0.0, 1.0, 0.5), Shape(0.085, 0.04, 0.9, 0.8))
_put("OQ", Shape(0.13, -0.08, 1.0, 0.2), Shape(0.065, -0.14, 1.0, 0.05))
_put("W", Shape(0.18, -0.01, 1.0, 0.5), Shape(0.07, -0.12, 1.0, 0.1))
_put("Y", Shape(0.13, -0.1, 1.0, 0.15), Shape(0.08, 0.02, 0.9, 0.7))
_put("w", Shape(0.04, -0.17, 1.2, 0.0))
_put("ɹr", Shape(0.055, -0.07, 0.6, 0.3))
_put("l", Shape(0.085, 0.0, 0.5, 0.6))
_put("ntdszT", Shape(0.045, 0.01, 0.5, 0.85))
_put("ɾ", Shape(0.06, 0.01, 0.4, 0.6))
_put("ʃʒʧʤ", Shape(0.055, -0.09, 0.9, 0.75))
_put("kɡgŋ", Shape(0.065, 0.0, 0.4, 0.5))
_put("h", Shape(0.07, 0.0, 0.3, 0.5))
_put("θð", Shape(0.055, 0.0, 0.5, 0.7))
_put("fv", Shape(0.03, 0.0, 1.3, 0.8))
_put("mbp", Shape(0.0, -0.01, 1.5, 0.4))
_put("j", Shape(0.05, 0.03, 0.6, 0.85))


def targets(
    symbols: Sequence[str], times: NDArray[np.float32], seconds: float
) -> NDArray[np.float32]:
    """Curves at 100 Hz for a stretch of speech: (hops, curves), columns as in NAMES.

    Args:
        symbols: Phonemes in misaki's alphabet.
        times: (n, 2) start and end of each, in seconds.
        seconds: Length of the stretch.
    """
    hops = int(np.ceil(seconds * HOPS_A_SECOND))
    t = np.arange(hops) / HOPS_A_SECOND + LEAD
    shapes = np.zeros((hops, 3))
    weights = np.full(hops, 1e-3)
    for shape, start, end in _events(symbols, times, seconds):
        pull = shape.weight * _pull(t, start, end)
        shapes += pull[:, None] * np.array([shape.opening, shape.width, shape.bared])
        weights += pull
    opening, width, bared = _smooth(shapes / weights[:, None]).T
    closure, teeth, voice, tongue = np.zeros((4, hops))
    for symbol, (start, end) in zip(symbols, times.tolist(), strict=True):
        here = _plateau(t, start, end, 0.35)
        if symbol in LIPS_SHUT:
            closure = np.maximum(closure, here)
        if symbol in LIP_TO_TEETH:
            teeth = np.maximum(teeth, here)
        tongue = np.maximum(tongue, TONGUE.get(symbol, 0.0) * here)
        voice = np.maximum(voice, _plateau(t, start, end, 0.5))
    opening = opening * (1 - closure)
    bitten = np.minimum(opening, 0.045)
    opening = opening + (bitten - opening) * teeth
    curves = (opening, width, closure, teeth, voice, bared * voice, tongue)
    return np.stack(curves, axis=1).astype(np.float32)


def _events(
    symbols: Sequence[str], times: NDArray[np.float32], seconds: float
) -> list[tuple[Shape, float, float]]:
    """Shapes in time, the resting mouth in the pauses among them."""
    out: list[tuple[Shape, float, float]] = []
    over = 0.0
    for symbol, (start, end) in zip(symbols, times.tolist(), strict=True):
        if start - over > _PAUSE:
            out += _resting(over, start)
        parts = _TABLE.get(symbol, ())
        for i, shape in enumerate(parts):
            length = (end - start) / len(parts)
            out.append((shape, start + i * length, start + (i + 1) * length))
        over = end
    if seconds - over > 0:
        out += _resting(over, seconds + 1.0)
    return out


def _resting(start: float, end: float) -> list[tuple[Shape, float, float]]:
    """A pause in pieces, each with a pull of its own: the mouth closes as soon as it begins."""
    edges = np.linspace(start, end, max(1, round((end - start) / _REST)) + 1).tolist()
    return [(REST, a, b) for a, b in pairwise(edges)]


def _pull(t: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Flat over the middle half, then a Gaussian."""
    width = end - start
    away = np.maximum(0, np.abs(t - (start + end) / 2) - width * 0.25)
    spread = max(_BRIEFEST, min(width, 0.3) * _SPREAD)
    return np.asarray(np.exp(-0.5 * (away / spread) ** 2))


def _plateau(t: NDArray[np.float64], start: float, end: float, half: float) -> NDArray[np.float64]:
    """1 around the middle, smoothly down to 0 within the ramp."""
    away = np.maximum(0, np.abs(t - (start + end) / 2) - (end - start) * half)
    x = np.clip(1 - away / _RAMP, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def _smooth(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """A little inertia: 50 ms of binomial smoothing."""
    padded = np.pad(curves, ((2, 2), (0, 0)), mode="edge")
    kernel = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
    parts = [k * padded[i : i + len(curves)] for i, k in enumerate(kernel)]
    return np.asarray(np.sum(parts, axis=0))
