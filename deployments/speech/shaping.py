"""From a network's sound to a piece of speech: trimmed, paused, put together, at 48 kHz."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from deployments.speech.heard import AUDIBLE, FADE, LEAD
from deployments.speech.network import FRAME, RATE
from deployments.speech.pieces import Pause
from deployments.speech.reading import Reading
from deployments.speech.timing import LATE, Timed, phones_of, words_of
from media.errors import AvatarError
from media.sound import Samples, Speech
from media.timegrid import SOUND_RATE

SLOWEST, FASTEST = 0.5, 2.0


Sounding = Callable[[Reading], tuple[Samples, list[Timed]]]
"""A network: 24 kHz samples of a reading, and each symbol's time in them."""


def check_speed(speed: float) -> None:
    """Raises AvatarError `invalid_request` for a speed that no network speaks well at."""
    if not SLOWEST <= speed <= FASTEST:
        raise AvatarError(
            "invalid_request",
            f"speed must lie between {SLOWEST} and {FASTEST}.",
            param="speed",
        )


def spoken(reading: Reading, pause: Pause, speed: float, longest: int, sound: Sounding) -> Speech:
    """A piece as 48 kHz speech that ends with its pause.

    A reading of more than `longest` symbols is spoken in parts, none left out.
    """
    # With the engine's first words, not with the stage: it takes half a second to import.
    from scipy.signal import resample_poly

    sounds: list[Samples] = []
    timed: list[Timed] = []
    offset = 0
    parts = list(reading.parts(longest))
    for n, part in enumerate(parts):
        rest = pause if n == len(parts) - 1 else Pause.WORD
        samples, times = _trim(*sound(part), rest.value / speed)
        timed += [t.shifted(offset / RATE) for t in times]
        sounds.append(samples)
        offset += len(samples)
    whole = np.concatenate(sounds) if sounds else np.zeros(0, np.float32)
    track = np.asarray(resample_poly(whole, SOUND_RATE // RATE, 1), np.float32)
    return Speech(track, SOUND_RATE, words_of(reading.words, timed), phones_of(timed))


def spelled(
    reading: Reading, vocabulary: Mapping[str, int]
) -> tuple[NDArray[np.int64], list[tuple[str, int]]]:
    """What a network takes, shape (1, 1 + n + 1), and the (symbol, owner) pairs that it stands for.

    Symbols that the network does not know are left out.
    """
    pairs = zip(reading.symbols, reading.owners, strict=True)
    known = [(c, owner) for c, owner in pairs if c in vocabulary]
    return np.array([[0, *(vocabulary[c] for c, _ in known), 0]], np.int64), known


def timed(durations: NDArray[np.float32], symbols: Sequence[tuple[str, int]]) -> list[Timed]:
    """Times of (symbol, owner) pairs by the network's durations, shape (1 + symbols + 1,)."""
    ends = np.cumsum(np.asarray(durations).ravel()) * FRAME / RATE - LATE
    return [
        Timed(c, owner, float(ends[i]), float(ends[i + 1])) for i, (c, owner) in enumerate(symbols)
    ]


def _trim(sound: Samples, times: Sequence[Timed], pause: float) -> tuple[Samples, list[Timed]]:
    """Cut the network's own silence at both ends; end with `pause` seconds of silence.

    The next piece's lead counts as a part of the pause.
    """
    if not times:
        return np.zeros(0, np.float32), []
    first = max(0, int((times[0].start - LEAD) * RATE))
    end = _audible_end(sound)
    tail = int(max(FADE, pause - LEAD) * RATE)
    kept = np.zeros(max(0, end - first) + tail, np.float32)
    body = sound[first : end + tail]
    kept[: len(body)] = body
    fade = np.linspace(0, 1, int(FADE * RATE), dtype=np.float32)
    kept[: len(fade)] *= fade[: len(kept)]
    kept[-len(fade) :] *= fade[::-1][-len(kept) :]
    shifted = [t.shifted(-first / RATE).until((end - first) / RATE) for t in times]
    return kept, shifted


def _audible_end(sound: Samples) -> int:
    """Sample behind the last 10 ms that are not silence."""
    size = RATE // 100
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    level: NDArray[np.float32] = np.sqrt(np.mean(blocks**2, axis=1))
    if not len(level) or not level.max():
        return len(sound)
    return int(np.flatnonzero(level > AUDIBLE * level.max())[-1] + 1) * size
