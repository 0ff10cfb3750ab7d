"""Whether a sample shows one voice well enough to make another of it.

Thresholds: `python -m bench.voices_samples` says how often each is wrong.
"""

from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from deployments.cloning.speaker_encoder import SpeakerEncoder, unit
from deployments.cloning.voice_activity import levels, speech_of, spoken
from media.errors import AvatarError
from media.resample import hearing
from media.sound import Samples, Sound

LEAST_SPEECH: Final = 4.0
"""Seconds."""
MOST_CLIPPED: Final = 0.005
"""Share of the speech's samples that lie at its peak."""
LEAST_SNR_DB: Final = 12.0
LEAST_ALIKE: Final = 0.75
"""Cosine of two groups of stretches: what is less alike are two people."""

_AT_PEAK: Final = 0.97
_QUIET: Final = 5
"""Percentile of the windows' levels that stands for the noise."""
_LEAST_SHARE: Final = 0.15
"""Of the stretches: fewer are a cough or a laugh, not another speaker."""


def check_sample(sample: Sound, encoder: SpeakerEncoder) -> None:
    """Raises AvatarError `unusable_sample` for 48 kHz sound that cannot serve, and says why."""
    heard = hearing(sample)
    speech = speech_of(heard)
    if (seconds := speech_seconds(heard)) < LEAST_SPEECH:
        _refuse(
            f"Only {seconds:.0f} s of the sample are speech: "
            f"record one person who speaks for at least {LEAST_SPEECH:.0f} s."
        )
    if clipped(sample.samples) > MOST_CLIPPED:
        _refuse("The sample is distorted, its peaks are cut off: record it again, less loud.")
    if snr_db(heard) < LEAST_SNR_DB:
        _refuse(
            "The sample is too noisy: record it again in a quiet room, nearer to the microphone."
        )
    if alikeness(speech, encoder) < LEAST_ALIKE:
        _refuse(
            "Several people seem to speak in the sample: record one person alone, or cut out the others."
        )


def speech_seconds(heard: Sound) -> float:
    """Seconds in which someone speaks, short pauses included; 0 for silence."""
    return speech_of(heard).seconds if spoken(levels(heard)).any() else 0.0


def clipped(samples: Samples) -> float:
    """Share of the samples that stay within 3 % of the highest or the lowest one.

    Speech is there for a moment; where its peaks were cut off it stays, whatever came after.
    """
    if not len(samples):
        return 0.0
    highest, lowest = float(samples.max()), float(samples.min())
    at_peak = np.count_nonzero(samples > _AT_PEAK * highest) if highest > 0 else 0
    at_foot = np.count_nonzero(samples < _AT_PEAK * lowest) if lowest < 0 else 0
    return max(at_peak, at_foot) / len(samples)


def snr_db(heard: Sound) -> float:
    """Level of speech above that of the quietest moments, in dB; 0 where nothing is speech."""
    windows = levels(heard)
    speech = spoken(windows)
    if not speech.any():
        return 0.0
    power = 10 ** (windows[speech] / 10)
    return float(10 * np.log10(power.mean()) - np.percentile(windows, _QUIET))


def alikeness(speech: Sound, encoder: SpeakerEncoder) -> float:
    """Cosine of the two groups that the stretches of 16 kHz speech fall into best.

    1 where there is one group, or where the other is too small to be a speaker.
    """
    stretches = encoder.stretches(speech)
    if len(stretches) < 4:
        return 1.0
    groups: NDArray[np.int32] = fcluster(linkage(stretches, "ward"), 2, "maxclust")
    one, other = stretches[groups == 1], stretches[groups == 2]
    if min(len(one), len(other)) < max(2, _LEAST_SHARE * len(stretches)):
        return 1.0
    return float(unit(one.mean(axis=0)) @ unit(other.mean(axis=0)))


def _refuse(why: str) -> NoReturn:
    raise AvatarError("unusable_sample", why, param="sample")
