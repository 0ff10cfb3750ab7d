"""The judge: a second speaker encoder, so that the one that a fit was led by does not judge it.

An x-vector (Snyder et al. 2018): convolutions over a log-mel spectrogram whose means are taken out, the
mean and the spread of what they give over time, and from these 128 numbers. It shares nothing with
Resemblyzer's network: neither data nor features nor loss. `training/speakers/README.md` says what
it learned from and how well it tells voices apart.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from scipy import fft

from deployments.cloning.voice_activity import speech_of
from media.mel import slaney_bands
from media.sound import Samples, Sound

FILE: Final = Path(__file__).with_name("judge.onnx")
RATE: Final = 16_000
BANDS: Final = 48
WINDOW, HOP = 400, 160
LOWEST, HIGHEST = 60.0, 7600.0

Array = NDArray[np.float32]


def log_mel(samples: Samples) -> Array:
    """Log power of 16 kHz samples every 10 ms: (frames, BANDS), before the means are taken out."""
    pieces = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectra = fft.rfft(pieces * np.hanning(WINDOW + 1)[:-1].astype(np.float32), axis=1)
    power = (spectra.real**2 + spectra.imag**2) @ _bands()
    # Nothing is quieter than 60 dB below the loudest: what a recording has there is its noise.
    return np.log(np.maximum(power, power.max() * 1e-6 + 1e-12)).astype(np.float32)


def levelled(mel: Array) -> Array:
    """Each band without its mean over the sound: rooms and microphones go."""
    return np.asarray(mel - mel.mean(axis=0, keepdims=True), np.float32)


class Judge:
    """Tells voices apart."""

    def __init__(self, file: Path = FILE) -> None:
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        self.session = ort.InferenceSession(
            file.read_bytes(), settings, providers=["CPUExecutionProvider"]
        )

    def embed(self, sound: Sound) -> Array:
        """The voice in 16 kHz sound, a vector of length 1; pauses do not count."""
        mel = levelled(log_mel(speech_of(sound).samples))
        (out,) = self.session.run(None, {"mel": mel.T[None]})
        vector: Array = out[0]
        return vector


@lru_cache(maxsize=1)
def _bands() -> Array:
    return slaney_bands(RATE, WINDOW, BANDS, LOWEST, HIGHEST)
