"""Who speaks, as a vector: Resemblyzer's network (Apache-2.0), run in numpy.

The network is that of Wan et al., "Generalized end-to-end loss for speaker verification" (2018):
three LSTM layers over a mel spectrogram, whose last state becomes a point on the unit sphere. The
cosine of two such points says how alike two voices are. A long sound is cut into stretches of 1.6 s
that overlap, whose mean counts.

Other than the package, this tells speech from pauses by level (`voice_activity`, no WebRTC
detector), and brings all speech to one level, also what is louder: the network takes power, not
decibels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from deployments.cloning.lstm import Layer, last_state
from deployments.cloning.torch_file import TorchFileError, read_tensors
from deployments.cloning.voice_activity import speech_of
from deployments.speech.network import needed
from media.errors import AvatarError
from media.mel import slaney_bands
from media.sound import Samples, Sound
from media.timegrid import HEARING_RATE

FILE: Final = "resemblyzer-encoder.pt"
WEIGHTS: Final = "resemblyzer-encoder"
SIZE: Final = 256
"""Numbers in an embedding."""
STRETCH: Final = 160
"""Spectra that the network hears at once: 1.6 s."""
STEP: Final = 77
"""Spectra from one stretch to the next: 1.3 a second, as in the package."""

_LAYERS: Final = 3
_BANDS: Final = 40
_WINDOW, _HOP = 400, 160
_LEVEL: Final = 10 ** (-30 / 20)
"""RMS that speech is brought to, full scale at 1."""
_COVERED: Final = 0.75
"""Share of a last stretch that must be sound, not padding."""

Array = NDArray[np.float32]
Embedding = Array
"""Shape (SIZE,), length 1, no number below 0."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerEncoder:
    """Tells voices apart."""

    layers: tuple[Layer, ...]
    weight: Array
    bias: Array

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> Self:
        """Open the network. Raises AvatarError `weights_missing`."""
        path = needed(files, FILE, WEIGHTS)
        try:
            tensors = read_tensors(path, "model_state")
            return cls(
                tuple(_layer(tensors, n) for n in range(_LAYERS)),
                tensors["linear.weight"],
                tensors["linear.bias"],
            )
        except (TorchFileError, KeyError) as error:
            raise AvatarError(
                "weights_missing",
                f"{path.name} is not Resemblyzer's network: "
                f"run `avatar-serve weights fetch {WEIGHTS}`.",
            ) from error

    def embed(self, sound: Sound) -> Embedding:
        """The voice in 16 kHz sound; pauses do not count."""
        return unit(self.stretches(speech_of(sound)).mean(axis=0))

    def stretches(self, speech: Sound) -> Array:
        """Embeddings of overlapping stretches of 16 kHz speech as it is: (n, SIZE)."""
        return self.network(stretched(speech))

    def means(self, speeches: Sequence[Sound]) -> list[Embedding]:
        """The voice in each of several stretches of speech as they are, heard at once."""
        cut = [stretched(speech) for speech in speeches]
        ends = np.cumsum([len(one) for one in cut])[:-1]
        return [unit(one.mean(axis=0)) for one in np.split(self.network(np.concatenate(cut)), ends)]

    def network(self, spectra: Array) -> Array:
        """(n, steps, 40) to (n, SIZE), each of length 1."""
        raw = np.maximum(0.0, last_state(self.layers, spectra) @ self.weight.T + self.bias)
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        return np.asarray(raw / np.maximum(lengths, 1e-12), np.float32)


def stretched(speech: Sound) -> Array:
    """Spectra of overlapping stretches of 16 kHz speech: (n, STRETCH, 40), n at least 1.

    A stretch begins every STEP spectra; the last may be a quarter beyond the end, and a sound
    that is shorter than one is filled up with silence.
    """
    frames = spectrogram(_levelled(speech.samples))
    count = max(1, 1 + -(-(len(frames) - STRETCH) // STEP))
    if count > 1 and len(frames) - (count - 1) * STEP < _COVERED * STRETCH:
        count -= 1
    padded = np.zeros(((count - 1) * STEP + STRETCH, _BANDS), np.float32)
    padded[: len(frames)] = frames[: len(padded)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, STRETCH, axis=0)[::STEP]
    return np.ascontiguousarray(windows.transpose(0, 2, 1))


def unit(vector: Array) -> Array:
    """The same direction, length 1."""
    return np.asarray(vector / max(1e-12, float(np.linalg.norm(vector))), np.float32)


def spectrogram(samples: Samples) -> Array:
    """Mel power of 16 kHz samples every 10 ms, (1 + n // 160, 40), as librosa has it by default."""
    padded = np.pad(samples, _WINDOW // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    spectra = fft.rfft(pieces * window, axis=1)
    return np.asarray((spectra.real**2 + spectra.imag**2) @ _bands(), np.float32)


def _levelled(samples: Samples) -> Samples:
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return np.asarray(samples * np.float32(_LEVEL / max(level, 1e-6)), np.float32)


def _layer(tensors: Mapping[str, Array], n: int) -> Layer:
    bias = tensors[f"lstm.bias_ih_l{n}"] + tensors[f"lstm.bias_hh_l{n}"]
    return Layer(tensors[f"lstm.weight_ih_l{n}"], tensors[f"lstm.weight_hh_l{n}"], bias)


@lru_cache(maxsize=1)
def _bands() -> Array:
    return slaney_bands(HEARING_RATE, _WINDOW, _BANDS, 0.0, HEARING_RATE / 2)
