"""A network's sound as a piece of speech: trimmed, paused, at 48 kHz, with its words' times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from deployments.speech.fronts.dense import joined
from media.levels import window_levels
from media.resample import resample
from media.sound import Samples, Sound, Speech, Word
from media.timegrid import SOUND_RATE
from media.transcript import WINDOW, words_from_transcript

LEAD: Final = 0.1
"""Seconds of silence kept before the first sound: lips open before it."""
_DECAY: Final = 0.06
"""Seconds kept behind the last sound that counts: a voice dies away."""
FADE: Final = 0.012
"""Seconds in which a piece comes up and dies away."""
AUDIBLE: Final = 0.01
"""Share of the piece's loudest moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What a network made of some words."""

    samples: Samples
    rate: int
    words: tuple[Word, ...] | None = None
    """Their times, in seconds from the first sample; None where the network does not tell."""


def as_speech(said: Said, words: Sequence[str], pause: float) -> Speech:
    """48 kHz speech that ends with `pause` seconds of silence.

    Where the network tells no times, each word gets its share of the voiced time by its letters,
    and ends of clauses are drawn to the pauses that are heard, as for a recording's transcript
    (`media.transcript`): an estimate. The next piece's lead counts as a part of the pause.
    """
    sound = np.nan_to_num(said.samples, posinf=0.0, neginf=0.0)  # half precision can overflow
    track = resample(sound, said.rate, SOUND_RATE)
    first, last = _audible(track)
    start = max(0, first - round(LEAD * SOUND_RATE))
    stop = min(len(track), last + round(_DECAY * SOUND_RATE))
    tail = round(max(FADE, pause - LEAD) * SOUND_RATE)
    body = _faded(track[start:stop])
    samples = np.concatenate([body, np.zeros(tail, np.float32)])
    if not last:
        return Speech(samples, SOUND_RATE)
    seconds = len(body) / SOUND_RATE
    if said.words is not None:
        shift = start / SOUND_RATE
        timed = [_moved(word, shift, seconds) for word in said.words]
    else:
        levels = window_levels(Sound(body, SOUND_RATE), WINDOW)
        timed = words_from_transcript(joined(words), levels, seconds)
    return Speech(samples, SOUND_RATE, tuple(timed))


def _moved(word: Word, earlier: float, latest: float) -> Word:
    start, end = (min(max(0.0, t - earlier), latest) for t in (word.start, word.end))
    return Word(word.text, start, end)


def _audible(track: Samples) -> tuple[int, int]:
    """First sample that is heard and the one behind the last; 0, 0 for silence."""
    size = SOUND_RATE // 100
    padded = np.pad(track, (0, -len(track) % size)).reshape(-1, size)
    level = np.sqrt(np.mean(np.square(padded), axis=1))
    if not len(level) or not level.max():
        return 0, 0
    loud = np.flatnonzero(level > AUDIBLE * level.max())
    return int(loud[0]) * size, min(len(track), (int(loud[-1]) + 1) * size)


def _faded(body: Samples) -> Samples:
    out = np.array(body, np.float32)
    ramp = np.linspace(0, 1, min(len(out), round(FADE * SOUND_RATE)), dtype=np.float32)
    out[: len(ramp)] *= ramp
    out[len(out) - len(ramp) :] *= ramp[::-1]
    return out
