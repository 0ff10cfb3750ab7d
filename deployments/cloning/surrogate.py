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
from scipy.linalg import cho_factor, cho_solve, solve_triangular

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

    def variance(self, styles: Places) -> Array:
        """The covariance of each style with itself, (n,)."""
        squares = (styles**2).sum(axis=2)
        return np.asarray((self.linear * squares + 1.0) @ np.array([1.0, self.prosodic]))


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
    factor: tuple[Array, bool]

    @classmethod
    def fit(cls, styles: Places, heard: Array, kernel: Kernel = KERNEL) -> Self:
        """From styles and what was heard of them, (n, m)."""
        middle = heard.mean(axis=0)
        covariance = kernel.covariance(styles, styles) + kernel.noise * np.eye(len(styles))
        factor = cho_factor(covariance, lower=True)
        return cls(kernel, styles, middle, cho_solve(factor, heard - middle), factor)

    def predict(self, styles: Places) -> tuple[Array, Array]:
        """What will be heard, (k, m), and how unsure that is, (k,): 0 sure, 1 a mere guess."""
        covariance = self.kernel.covariance(styles, self.styles)
        known = (solve_triangular(self.factor[0], covariance.T, lower=True) ** 2).sum(axis=0)
        prior = self.kernel.variance(styles)
        unsure = np.sqrt(np.clip((prior - known) / prior, 0.0, 1.0))
        return self.middle + covariance @ self.weights, unsure
