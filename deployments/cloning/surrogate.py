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
from scipy.linalg import solve

Array = NDArray[np.float64]

Places = NDArray[np.float64]
"""Where styles lie among the stock voices: shape (n, halves, numbers of a half)."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """How much two styles tell of each other: a linear and a near part for each of their halves."""

    linear: float
    prosodic: float
    """Weight of the second half; the first has 1."""
    width: float
    """Of the near part, in units of the distance between two stock voices."""
    noise: float
    """What the words add to what is heard."""

    def covariance(self, one: Places, other: Places) -> Array:
        """(n, m) of styles (n, halves, ...) and (m, halves, ...)."""
        total = np.zeros((len(one), len(other)))
        for half, weight in enumerate((1.0, self.prosodic)):
            a, b = one[:, half], other[:, half]
            products = a @ b.T
            squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * products
            total += weight * (self.linear * products + np.exp(-squares / (2 * self.width**2)))
        return total


KERNEL: Final = Kernel(linear=1.0, prosodic=0.3, width=0.5, noise=0.1)
"""Tells voices nearly best by the others (`python -m training.speakers.stock`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """Predicts what is heard of a style."""

    kernel: Kernel
    styles: Places
    """Those that were heard."""
    middle: Array
    weights: Array

    @classmethod
    def fit(cls, styles: Places, heard: Array, kernel: Kernel = KERNEL) -> Self:
        """From styles and what was heard of them, (n, m)."""
        middle = heard.mean(axis=0)
        covariance = kernel.covariance(styles, styles) + kernel.noise * np.eye(len(styles))
        weights = solve(covariance, heard - middle, assume_a="pos")
        return cls(kernel, styles, middle, weights)

    def predict(self, styles: Places) -> Array:
        """What will be heard, (k, m)."""
        return self.middle + self.kernel.covariance(styles, self.styles) @ self.weights
