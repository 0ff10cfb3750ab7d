"""A segment's sound as viewers hear it, and as lip sync does."""

from dataclasses import replace

import numpy as np

from deployments.encode.engine import SegmentTask
from media.limiter import louden
from media.resample import hearing
from media.sound import Sound
from media.timegrid import SOUND_RATE


def final_sound(task: SegmentTask) -> Sound:
    """The sound as it goes into the file: the same samples whichever segment asks for them."""
    return task.sound if task.gain_db is None else louden(task.sound, task.gain_db)


def heard_sound(task: SegmentTask) -> Sound:
    """The sound for the lip sync: with the gain, but not the limiter, which flattens it."""
    if task.gain_db is None:
        return task.sound
    factor = np.float32(10 ** (task.gain_db / 20))
    return replace(task.sound, samples=task.sound.samples * factor)


def warm_filters() -> None:
    """Have all that a sound goes through imported and built, so that no first segment waits."""
    sound = Sound(np.zeros(SOUND_RATE // 10, np.float32), SOUND_RATE)
    louden(sound, 1.0)
    hearing(sound)
