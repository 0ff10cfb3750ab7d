"""The judge: a second speaker encoder, so that the one that a fit was led by does not judge it.

The classical way (Reynolds et al. 2000; Campbell et al. 2006): cepstra and their changes, how their
means differ from those of everybody's mixture of Gaussians, and of these differences the directions
in which voices differ most and one voice least (Fisher's discriminant). It shares nothing with
Resemblyzer's network: no data, no features, no method. `training/speakers/README.md` says how well
it tells voices apart.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import logsumexp

from deployments.cloning.voice_activity import speech_of
from media.mel import slaney_bands
from media.sound import Samples, Sound

FILE: Final = Path(__file__).with_name("judge.npz")
RATE: Final = 16_000
BANDS: Final = 40
CEPSTRA: Final = 19
WINDOW, HOP = 400, 160
LOWEST, HIGHEST = 60.0, 7600.0

_RANGE: Final = 1e-6
"""60 dB below the loudest, a recording has noise."""
_CHANGE: Final = 3
"""Frames to either side that a change is seen over."""
_RELEVANCE: Final = 8.0
"""Frames that a Gaussian needs to be believed half (Reynolds et al. 2000)."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Tells voices apart."""

    shares: Array
    """(n,): of everybody's Gaussians."""
    means: Array
    """(n, 2 CEPSTRA)."""
    spreads: Array
    """Their standard deviations, (n, 2 CEPSTRA)."""
    middle: Array
    directions: Array
    """(n * 2 CEPSTRA, size): from differences to what tells voices apart."""

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """Open a trained judge."""
        with np.load(file, allow_pickle=False) as data:
            return cls(*(data[field.name].astype(np.float32) for field in fields(cls)))

    def save(self, file: Path = FILE) -> None:
        """In half precision."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(file, **{k: v.astype(np.float16) for k, v in parts.items()})

    def embed(self, sound: Sound) -> Array:
        """The voice in 16 kHz sound, a vector of length 1; pauses do not count."""
        return self.placed(self.differences(cepstra(speech_of(sound).samples)))

    def placed(self, differences: Array) -> Array:
        """Differences, (..., n * 2 CEPSTRA), as vectors of length 1."""
        vector = (differences - self.middle) @ self.directions
        return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True), np.float32)

    def differences(self, frames: Array) -> Array:
        """How the means of (frames, 2 CEPSTRA) differ from everybody's: (n * 2 CEPSTRA,)."""
        return differences(frames, self.shares, self.means, self.spreads)


def cepstra(samples: Samples) -> Array:
    """Cepstra of 16 kHz speech every 10 ms, without their means, and their changes.

    The means go with the room and the microphone.
    """
    pieces = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectra = fft.rfft(pieces * np.hamming(WINDOW).astype(np.float32), axis=1)
    power = (spectra.real**2 + spectra.imag**2) @ _bands()
    floor = power.max() * _RANGE + 1e-12
    found = fft.dct(np.log(np.maximum(power, floor)), norm="ortho", axis=1)[:, 1 : CEPSTRA + 1]
    # Frames near the floor are pauses that were left in.
    loud = power.sum(axis=1) > 100 * floor * BANDS
    padded = np.pad(found, ((_CHANGE, _CHANGE), (0, 0)), mode="edge")
    changes = padded[2 * _CHANGE :] - padded[: -2 * _CHANGE]
    kept = np.concatenate([found - found[loud].mean(axis=0), changes], axis=1)[loud]
    return np.asarray(kept, np.float32)


def belongings(frames: Array, shares: Array, means: Array, spreads: Array) -> Array:
    """How much each frame belongs to each Gaussian: (frames, n), each row adds up to 1."""
    precise = 1 / spreads**2
    squares = frames**2 @ precise.T - 2 * frames @ (means * precise).T + (means**2 * precise).sum(1)
    logs = np.log(shares) - np.log(spreads).sum(axis=1) - squares / 2
    return np.asarray(np.exp(logs - logsumexp(logs, axis=1, keepdims=True)), np.float32)


def differences(frames: Array, shares: Array, means: Array, spreads: Array) -> Array:
    """How the means of the frames differ, in spreads; less where a Gaussian has few of them."""
    belong = belongings(frames, shares, means, spreads)
    counts = belong.sum(axis=0)[:, None]
    raw = (belong.T @ frames - counts * means) / (counts + _RELEVANCE)
    return np.asarray(np.sqrt(shares)[:, None] * raw / spreads, np.float32).ravel()


@lru_cache(maxsize=1)
def _bands() -> Array:
    return slaney_bands(RATE, WINDOW, BANDS, LOWEST, HIGHEST)
