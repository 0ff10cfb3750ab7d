"""Spreads a given transcript over a recording, so that recordings get captions.

No recogniser is at work: words get time in proportion to their length where the recording is
loud, and the ends of sentences and clauses are moved to pauses near by. Words are then right to
some tenths of a second, which is what a caption needs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.captions import ends_clause, is_dense
from media.sound import Word
from media.timegrid import SOUND_RATE

WINDOW: Final = SOUND_RATE // 100
"""Samples of the track over which a level is taken."""
MIN_PAUSE: Final = 0.15
"""Seconds; what is shorter is the closure of a p, t or k."""
MIN_VOICED: Final = 0.06
"""Seconds; what is shorter is a click."""

Levels = NDArray[np.float32]
"""RMS of each whole WINDOW of a recording (`media.levels.window_levels`)."""
Stretches = NDArray[np.float64]
"""Shape (n, 2): start and end in seconds, in order."""


def words_from_transcript(transcript: str, levels: Levels, seconds: float) -> list[Word]:
    """The transcript's words with times in seconds, over a recording that lasts `seconds`."""
    tokens = _tokens(transcript)
    if not tokens or not seconds:
        return []
    clock = _Clock.of(voiced_stretches(levels, seconds))
    bounds = np.concatenate([[0.0], np.cumsum([_weight(token) for token in tokens])])
    voiced = _anchored(tokens, bounds, clock)
    return [
        Word(token, began, max(began, clock.time(end, ends=True)))
        for token, start, end in zip(tokens, voiced[:-1], voiced[1:], strict=True)
        # A word for which no time is left between two pauses has none, and not less.
        for began in [clock.time(start, ends=False)]
    ]


def voiced_stretches(levels: Levels, seconds: float) -> Stretches:
    """Where someone seems to speak: louder than a third of the way from the noise to the voice.

    All of the sound where nothing stands out.
    """
    if len(levels) == 0:
        return np.array([[0.0, seconds]])
    decibels = 20 * np.log10(np.maximum(levels, 1e-6))
    noise, voice = np.percentile(decibels, [10, 95])
    threshold = max(noise + (voice - noise) / 3, voice - 35)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], decibels >= threshold, [0]])))
    stretches = _without_short_pauses(
        edges.reshape(-1, 2).astype(np.float64) * (WINDOW / SOUND_RATE)
    )
    stretches = stretches[stretches[:, 1] - stretches[:, 0] >= MIN_VOICED]
    return stretches if len(stretches) else np.array([[0.0, seconds]])


def _without_short_pauses(stretches: Stretches) -> Stretches:
    if len(stretches) < 2:
        return stretches
    real = stretches[1:, 0] - stretches[:-1, 1] >= MIN_PAUSE
    starts = stretches[np.concatenate([[True], real]), 0]
    ends = stretches[np.concatenate([real, [True]]), 1]
    return np.stack([starts, ends], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Clock:
    """Counts voiced seconds only, and knows what time each of them is."""

    stretches: Stretches
    before: NDArray[np.float64]
    """Voiced seconds before each stretch, and at the end of all."""

    @classmethod
    def of(cls, stretches: Stretches) -> "_Clock":
        lengths = stretches[:, 1] - stretches[:, 0]
        return cls(stretches, np.concatenate([[0.0], np.cumsum(lengths)]))

    @property
    def total(self) -> float:
        return float(self.before[-1])

    def time(self, voiced: float, *, ends: bool) -> float:
        """Seconds on the wall; at a pause its beginning for what ends, its end for what starts."""
        n = int(np.searchsorted(self.before[1:-1], voiced, side="left" if ends else "right"))
        return float(self.stretches[n, 0] + voiced - self.before[n])


def _anchored(
    tokens: Sequence[str], bounds: NDArray[np.float64], clock: _Clock
) -> NDArray[np.float64]:
    """Voiced seconds of each bound between words, with ends of clauses drawn to pauses.

    From left to right: where a clause should end by the pace of what is left decides which pause
    is meant, and the pace is taken anew from there.
    """
    pauses = clock.before[1:-1]
    lengths = clock.stretches[1:, 0] - clock.stretches[:-1, 1]
    anchors = [(0.0, 0.0)]
    for n, token in enumerate(tokens[:-1], start=1):
        if not ends_clause(token) or not len(pauses):
            continue
        weight, voiced = anchors[-1]
        pace = (clock.total - voiced) / (bounds[-1] - weight)
        expected = voiced + (bounds[n] - weight) * pace
        # A long pause draws from further away than a short one.
        distance = np.abs(pauses - expected) - 0.5 * np.minimum(lengths, 1.0)
        distance[pauses <= voiced] = np.inf
        nearest = int(np.argmin(distance))
        if abs(pauses[nearest] - expected) <= 0.3 + 0.25 * (expected - voiced):
            anchors.append((float(bounds[n]), float(pauses[nearest])))
    anchors.append((float(bounds[-1]), clock.total))
    weights, times = zip(*anchors, strict=True)
    return np.asarray(np.interp(bounds, weights, times), np.float64)


def _tokens(transcript: str) -> list[str]:
    """Words with their punctuation; signs of Chinese and Japanese one by one."""
    tokens: list[str] = []
    for part in re.findall(r"\S+", transcript):
        piece = ""
        for char in part:
            if piece and is_dense(char) and char.isalnum():
                tokens.append(piece)
                piece = ""
            piece += char
        if tokens and not any(char.isalnum() for char in piece):
            tokens[-1] += f" {piece}" if piece[0] in "-–—" else piece  # noqa: RUF001 - dashes
        else:
            tokens.append(piece)
    return tokens


def _weight(token: str) -> float:
    """About how long a word takes, in letters: a digit or a Chinese sign is a syllable or more."""
    letters = sum(
        3.0 if char.isdigit() or is_dense(char) else 1.0 for char in token if char.isalnum()
    )
    return letters + 1.5
