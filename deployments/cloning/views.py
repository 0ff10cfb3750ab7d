"""A voice as a speaker encoder hears it in four ways: as it is, slower, faster, on the telephone.

A search that follows an encoder finds what this encoder alone takes for likeness. What is still
like the sample at other speeds (throats of other lengths) and without the highs and lows is
likelier to be like it: the mean over changes of the input is harder to deceive.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from deployments.cloning.speaker_encoder import SIZE, SpeakerEncoder, unit
from deployments.cloning.voice_activity import speech_of
from media.sound import Sound
from media.timegrid import HEARING_RATE

SPEEDS: Final = ((10, 9), (8, 9))
"""By resampling: one ninth more samples, and one ninth fewer."""
TELEPHONE_HZ: Final = (300.0, 3400.0)
VIEWS: Final = 2 + len(SPEEDS)
FINGERPRINT: Final = VIEWS * SIZE
"""Numbers in a fingerprint."""


def fingerprint(encoder: SpeakerEncoder, sound: Sound) -> NDArray[np.float32]:
    """All views of 16 kHz sound in a row, (FINGERPRINT,), length 1.

    The cosine of two fingerprints is the mean of the views' cosines.
    """
    speech = speech_of(sound).samples
    views = [speech, sosfilt(_telephone(), speech)]
    views += [resample_poly(speech, up, down) for up, down in SPEEDS]
    heard = [Sound(np.asarray(view, np.float32), HEARING_RATE) for view in views]
    return unit(np.concatenate(encoder.means(heard)))


@lru_cache(maxsize=1)
def _telephone() -> NDArray[np.float64]:
    filters: NDArray[np.float64] = butter(
        4, TELEPHONE_HZ, "bandpass", fs=HEARING_RATE, output="sos"
    )
    return filters
