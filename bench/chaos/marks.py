"""What chaos videos show and sound like, drawn by their engines and read back by the verifier.

Every frame shows its own number and its job's; every stretch of sound is known to the sample. So
a decoded file tells whether anything is missing, doubled, out of order or another job's.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.patch import Patch, Planes
from media.sound import Samples
from media.timegrid import SOUND_RATE, TimeGrid

BLOCK: Final = 16
"""Pixels along a side of the block that shows one bit."""
COLUMNS: Final = 8
BITS: Final = 32
"""The frame's number in the lower half, the job's in the upper."""
SIDE: Final = BLOCK * COLUMNS
"""Pixels along a side of a chaos video."""
BLACK, WHITE, GREY = 16, 235, 128

WORD: Final = 0.243
"""Seconds of a spoken word: no whole number of frames, so that pieces need their silence."""
FADE: Final = 2_400
"""Samples over which a piece of sound rises and falls."""
LEVEL: Final = 0.2

_JOB: Final = re.compile(r"job([0-9]+)")
_ROWS: Final = BITS // COLUMNS


def frame_mark(job: int, frame: int) -> Patch:
    """A patch in which 32 blocks, black or white, spell a frame's and its job's number."""
    number = np.uint32((job & 0xFFFF) << 16 | frame & 0xFFFF)
    bits = (number >> np.arange(BITS, dtype=np.uint32)) & 1
    luma = np.where(bits.reshape(_ROWS, COLUMNS), WHITE, BLACK).astype(np.uint8)
    planes = np.full((_ROWS * BLOCK * 3 // 2, SIDE), GREY, np.uint8)
    planes[: _ROWS * BLOCK] = luma.repeat(BLOCK, 0).repeat(BLOCK, 1)
    return Patch(0, 0, planes)


def read_mark(planes: Planes) -> tuple[int, int]:
    """Job and frame number that a decoded frame (I420 planes) shows."""
    blocks = planes[: _ROWS * BLOCK, :SIDE].reshape(_ROWS, BLOCK, COLUMNS, BLOCK)
    bits = blocks.mean(axis=(1, 3)).ravel() > (BLACK + WHITE) / 2
    number = int((bits.astype(np.int64) << np.arange(BITS)).sum())
    return number >> 16, number & 0xFFFF


def job_of(text: str) -> int:
    """The job's number that a chaos text begins with."""
    found = _JOB.match(text)
    if found is None:
        raise ValueError("a chaos text begins with its job's number, as in `job7 one two.`")
    return int(found[1])


def pieces_of(text: str) -> list[list[str]]:
    """The words of each piece that a text is spoken in: its sentences."""
    return [words for part in text.split(".") if (words := part.split())]


def piece_sound(job: int, n: int, words: int) -> Samples:
    """Piece `n` of a job's speech: so many words long, a tone that the next piece does not have."""
    return tone(int(words * WORD * SOUND_RATE), 300.0 + 45.0 * ((7 * n + job) % 16))


def tone(length: int, hertz: float) -> Samples:
    """A tone of so many samples that rises and falls softly, so that its code rings nowhere."""
    at = np.arange(length)
    edge = np.minimum(1.0, np.minimum(at, length - 1 - at) / FADE)
    return (LEVEL * edge * np.sin(2 * np.pi * hertz * at / SOUND_RATE)).astype(np.float32)


def spoken_track(text: str, grid: TimeGrid) -> NDArray[np.float32]:
    """All that is heard of a text: its pieces, each filled with silence to a whole frame."""
    parts: list[Samples] = []
    length = 0
    for n, words in enumerate(pieces_of(text)):
        piece = piece_sound(job_of(text), n, len(words))
        end = length + len(piece)
        length = grid.sample(grid.frames_of(end))
        parts += [piece, np.zeros(length - end, np.float32)]
    return np.concatenate(parts)


def recorded_track(job: int, seconds: float) -> NDArray[np.float32]:
    """What a chaos recording holds: tones of half a second to a second, pauses between them."""
    parts: list[Samples] = []
    left = int(seconds * SOUND_RATE)
    n = 0
    while left > 0:
        part = tone(24_000 + 1_517 * ((n + job) % 9), 320.0 + 55.0 * ((5 * n + job) % 13))
        parts += [part, np.zeros(4_800, np.float32)]
        left -= len(part) + 4_800
        n += 1
    return np.concatenate(parts)
