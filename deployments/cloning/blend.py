"""Mixtures of Kokoro's stock voices, and what is known of some of them beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import resources
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.speech.kokoro_styles import STYLE, Styles

HALVES: Final = 2
"""A style's first half says how a voice sounds, its second how it speaks
(StyleTTS 2, Li et al. 2023)."""
HALF: Final = STYLE // HALVES

Shares = NDArray[np.float32]
"""Shape (HALVES, voices): each voice's share in either half, in the order of the voices' names.
Each half adds up to 1; a share below 0 goes away from a voice."""


@dataclass(frozen=True, slots=True, eq=False)
class Blender:
    """The stock voices that mixtures are made of."""

    names: tuple[str, ...]
    styles: NDArray[np.float32]
    """(voices, 510, 256)."""
    middle: NDArray[np.float64]
    means: NDArray[np.float64]
    """(voices, HALVES, HALF): each voice's mean style, from the middle of all, in units of the
    distance between two voices."""

    @classmethod
    def of(cls, styles: Mapping[str, Styles]) -> Self:
        """From the voices' tables by name."""
        names = tuple(sorted(styles))
        tables = np.stack([styles[name] for name in names])
        means = tables.mean(axis=1, dtype=np.float64).reshape(len(names), HALVES, HALF)
        middle = means.mean(axis=0)
        # The mean square distance of two is twice the variance (of the sample) in all dimensions.
        spread = np.sqrt(2 * means.var(axis=0, ddof=1).sum(axis=1))
        return cls(names, tables, middle, (means - middle) / spread[:, None])

    def table(self, shares: Shares) -> Styles:
        """The mixture's styles: each row mixes the voices' rows of that number."""
        halves = [
            np.tensordot(part, self.styles[:, :, n * HALF : (n + 1) * HALF], axes=1)
            for n, part in enumerate(shares)
        ]
        return np.concatenate(halves, axis=1).astype(np.float32)

    def places(self, shares: NDArray[np.float32]) -> NDArray[np.float64]:
        """Where mixtures lie among the voices: (n, HALVES, voices) to (n, HALVES, HALF)."""
        placed: NDArray[np.float64] = np.einsum("nhv,vhd->nhd", shares, self.means)
        return placed

    def alone(self, name: str) -> Shares:
        """All of one voice."""
        one = np.array([float(name == other) for other in self.names], np.float32)
        return np.tile(one, (HALVES, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Mixtures that have been heard already: the stock voices and some others."""

    shares: NDArray[np.float32]
    """(n, HALVES, voices)."""
    fingerprints: NDArray[np.float32]
    """(n, FINGERPRINT): how the speaker encoder hears them (`views`), whatever they say."""
    hertz: NDArray[np.float32]
    """(n,): the voices' median pitch."""
    words: NDArray[np.float32]
    """(FINGERPRINT,): what the SEARCH words add to the fingerprint of whoever says them."""

    @classmethod
    def load(cls, names: Sequence[str]) -> Self:
        """What comes with the project (`python -m training.speakers.stock`).

        Raises ValueError where it was made with other voices.
        """
        file = resources.files(__package__).joinpath("stock_voices.npz")
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as data:
            if tuple(data["names"]) != tuple(names):
                raise ValueError("stock_voices.npz was made with other voices: make it again")
            return cls(*(data[field.name].astype(np.float32) for field in fields(cls)))

    def without(self, voice: int) -> "Known":
        """Those in which a voice has no share."""
        kept = ~np.any(self.shares[:, :, voice], axis=1)
        return replace(
            self,
            shares=self.shares[kept],
            fingerprints=self.fingerprints[kept],
            hertz=self.hertz[kept],
        )

    def joined(self, tried: "Known") -> "Known":
        """These and others."""
        return replace(
            self,
            shares=np.concatenate([self.shares, tried.shares]),
            fingerprints=np.concatenate([self.fingerprints, tried.fingerprints]),
            hertz=np.concatenate([self.hertz, tried.hertz]),
        )

    def alone(self) -> NDArray[np.intp]:
        """Those that are all of one voice."""
        return np.flatnonzero(self.shares.min(axis=1).max(axis=1) == 1)
