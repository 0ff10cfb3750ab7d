"""Whether a sample shows one voice well enough to make another of it.

Thresholds: `python -m bench.voices_samples` says how often they are wrong.
"""

from typing import Final, NoReturn

import numpy as np

from deployments.cloning.speaker_encoder import SpeakerEncoder
from deployments.cloning.voice_activity import levels, speech_of, spoken
from media.errors import AvatarError
from media.resample import hearing
from media.sound import Samples, Sound

LEAST_SPEECH: Final = 4.0
"""Seconds."""
MOST_CLIPPED: Final = 0.009
"""Share of the samples that lie near the highest ones; 0.006 at most in clean speech."""
LEAST_SNR_DB: Final = 18.0
"""As `snr_db` has it, which counts the loud windows alone: about 12 dB over the whole sample."""
LEAST_ALIKE: Final = 0.65
"""As `alikeness` has it: what is less alike are several people."""

_HIGH: Final = 0.999
"""Quantile of the samples' sizes that stands for the peaks, whatever a resampler put on them."""
_NEAR: Final = 0.85
_QUIET: Final = 5
"""Percentile of the windows' levels that stands for the noise."""
_UNLIKE: Final = 10
"""Percentile of the pairs of stretches: a second voice in a tenth of the speech makes up more."""
_APART: Final = 2
"""Stretches from one to the next that does not overlap with it."""


def check_sample(sample: Sound, encoder: SpeakerEncoder) -> None:
    """Raises AvatarError `unusable_sample` for 48 kHz sound that cannot serve, and says why."""
    heard = hearing(sample)
    speech = speech_of(heard)
    seconds = speech_seconds(heard)
    # Noise hides speech: it is to blame first, where there is any speech at all.
    if seconds >= 1 and snr_db(heard) < LEAST_SNR_DB:
        _refuse(
            "The sample is too noisy: record it again in a quiet room, nearer to the microphone."
        )
    if seconds < LEAST_SPEECH:
        _refuse(
            f"Only {int(seconds)} s of the sample are speech: "
            f"record one person who speaks for at least {LEAST_SPEECH:.0f} s."
        )
    if clipped(sample.samples) > MOST_CLIPPED:
        _refuse("The sample is distorted, its peaks are cut off: record it again, less loud.")
    if alikeness(speech, encoder) < LEAST_ALIKE:
        _refuse(
            "Several people seem to speak in the sample: "
            "record one person alone, or cut out the others."
        )


def speech_seconds(heard: Sound) -> float:
    """Seconds in which someone speaks, short pauses included; 0 for silence."""
    return speech_of(heard).seconds if spoken(levels(heard)).any() else 0.0


def clipped(samples: Samples) -> float:
    """Share of the samples that are nearly as large as the largest thousandth.

    Speech is there for a moment; where its peaks were cut off it stays, resampled or not.
    """
    if not len(samples):
        return 0.0
    sizes = np.abs(samples)
    return float(np.mean(sizes > _NEAR * np.quantile(sizes, _HIGH)))


def snr_db(heard: Sound) -> float:
    """Level of speech above that of the quietest moments, in dB; 0 where nothing is speech."""
    windows = levels(heard)
    speech = spoken(windows)
    if not speech.any():
        return 0.0
    power = 10 ** (windows[speech] / 10)
    return float(10 * np.log10(power.mean()) - np.percentile(windows, _QUIET))


def alikeness(speech: Sound, encoder: SpeakerEncoder) -> float:
    """How like each other the least like stretches of 16 kHz speech are, in cosine; 1 for few."""
    stretches = encoder.stretches(speech)
    pairs = np.triu_indices(len(stretches), _APART)
    if not len(pairs[0]):
        return 1.0
    return float(np.percentile((stretches @ stretches.T)[pairs], _UNLIKE))


def _refuse(why: str) -> NoReturn:
    raise AvatarError("unusable_sample", why, param="sample")
