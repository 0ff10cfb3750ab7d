"""What the search believes about voices that it has not heard yet.

A Gaussian process (Rasmussen and Williams 2006, chapter 2) from a style to what is heard of it: the
speaker's embedding and the pitch, all with one kernel. Searching on the score of the predicted
vector, not on predicted scores, is what Astudillo and Frazier, "Bayesian optimization of
composite functions" (2019), recommend where each trial is dear.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Array = NDArray[np.float64]

_LINEAR: Final = 1.0
_ACOUSTIC, _PROSODIC = 1.0, 0.3
"""Weights of the kernel's parts: of both halves together, of the acoustic, of the other half."""
_WIDTH: Final = 0.5
"""Of the halves' parts, in units of the distance between two stock voices."""
_NOISE: Final = 0.1
"""These four told a stock voice best by the others (`python -m training.speakers.stock`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """Predicts what is heard of a style."""

    styles: Array
    """(n, 2, 128): those that were heard, in units of the distance between stock voices."""
    middle: Array
    weights: Array
    factor: tuple[Array, bool]

    @classmethod
    def fit(cls, styles: Array, heard: Array) -> Self:
        """From styles (n, 2, 128) and what was heard of them, (n, m)."""
        middle = heard.mean(axis=0)
        covariance = _kernel(styles, styles) + _NOISE * np.eye(len(styles))
        factor = cho_factor(covariance, lower=True)
        return cls(styles, middle, cho_solve(factor, heard - middle), factor)

    def predict(self, styles: Array) -> tuple[Array, Array]:
        """What will be heard, (k, m), and how unsure that is, (k,): 0 sure, about 1 a guess."""
        covariance = _kernel(styles, self.styles)
        known = np.einsum("ij,ji->i", covariance, cho_solve(self.factor, covariance.T))
        prior = _prior(styles)
        unsure = np.sqrt(np.clip((prior - known) / prior, 0.0, 1.0))
        return self.middle + covariance @ self.weights, unsure


def _kernel(one: Array, other: Array) -> Array:
    total = np.zeros((len(one), len(other)))
    for half, weight in enumerate((_ACOUSTIC, _PROSODIC)):
        a, b = one[:, half], other[:, half]
        products = a @ b.T
        distances = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * products
        total += _LINEAR * weight * products + weight * np.exp(-distances / (2 * _WIDTH**2))
    return total


def _prior(styles: Array) -> Array:
    squares = (styles**2).sum(axis=2)
    return np.asarray(
        (_LINEAR * squares + 1.0) @ np.array([_ACOUSTIC, _PROSODIC]), np.float64
    )
