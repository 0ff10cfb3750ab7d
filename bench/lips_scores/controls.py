"""Clips spoiled on purpose: a score that does not see it measures nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from bench.lips_scores.clip import Clip, Track
from media.face import Picture
from media.sound import Phone, Sound

BLUR: Final = 0.03
"""Standard deviation of the blur, in face units: 3.6 pixels of a face that is 250 wide."""
CHUNK: Final = 0.3
"""Seconds of sound that stay together when it is shuffled."""


def frozen(clip: Clip) -> Clip:
    """The frame in the middle, all the time."""
    return replace(clip, frames=(clip.frames[len(clip.frames) // 2],) * len(clip.frames))


def shifted(clip: Clip, frames: int) -> Clip:
    """Pictures later by so many frames than their sound; earlier where negative."""
    last = len(clip.frames) - 1
    moved = tuple(clip.frames[min(last, max(0, n - frames))] for n in range(last + 1))
    return replace(clip, frames=moved)


def shuffled(clip: Clip, seed: int = 1) -> Clip:
    """The same pictures over the sound's pieces in another order, each phone with its piece."""
    sound = clip.track.sound
    size = int(CHUNK * sound.rate)
    pieces = [sound.samples[at : at + size] for at in range(0, len(sound.samples), size)]
    order = np.random.default_rng(seed).permutation(len(pieces))
    starts = np.cumsum([0, *(len(pieces[n]) for n in order[:-1])]) / sound.rate
    phones = []
    for phone in clip.track.phones:
        number = min(len(pieces) - 1, int((phone.start + phone.end) / 2 * sound.rate) // size)
        move = float(starts[np.flatnonzero(order == number)[0]]) - number * size / sound.rate
        phones.append(Phone(phone.symbol, max(0.0, phone.start + move), phone.end + move))
    phones.sort(key=lambda phone: phone.start)
    mixed = Sound(np.concatenate([pieces[n] for n in order]), sound.rate)
    return replace(clip, track=Track(clip.track.name, mixed, tuple(phones)))


def blurred(clip: Clip) -> Clip:
    """The mouth's rectangle out of focus, in sharp surroundings."""
    x, y, wide, tall = clip.box
    across = np.minimum(np.arange(wide), np.arange(wide)[::-1])[None]
    down = np.minimum(np.arange(tall), np.arange(tall)[::-1])[:, None]
    share = np.clip(np.minimum(across, down) / (0.1 * min(wide, tall)), 0, 1)[..., None]

    def soften(picture: Picture) -> Picture:
        out = picture.copy()
        part = out[y : y + tall, x : x + wide]
        soft = cv2.GaussianBlur(part, (0, 0), BLUR * clip.axes.unit)
        part[:] = np.rint(part * (1 - share) + soft * share)
        return out

    return replace(clip, frames=tuple(soften(picture) for picture in clip.frames))


CONTROLS: Final[Mapping[str, Callable[[Clip], Clip]]] = {
    "frozen": frozen,
    "3 frames late": lambda clip: shifted(clip, 3),
    "3 frames early": lambda clip: shifted(clip, -3),
    "shuffled sound": shuffled,
    "blurred mouth": blurred,
}
