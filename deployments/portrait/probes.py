"""Linear probes of the generator's latent space: how old, how blonde … a face will look, and moves.

A probe is a line fitted to labels of sampled faces: score = direction . (w - mean) + bias, in
standard deviations of its label. `training/portraits` says where the lines come from and fits them.
"""

import io
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.portrait.generator import Latents
from media.shipped import read_shipped

FILES: Final = {
    "probes.npz": "a3372db4e230713bf4bac550e5b62b816212021fdbd9ac8aaf172b56f4a4fee2",
    "probes_marked.npz": "b960ab0047fdf0a912878512c0b790cce5bf223f8b8aa6678e332298b360ca21",
}
"""Beside this file, with their sha256: probes of measured labels and of labels marked by eye.

The first also holds the latents' covariance; its `w_mean` is the mean.
"""

RIDGE: Final = 1e-3
"""Keeps the move finite where probes are nearly parallel; in variances of a score."""

Bounds = Mapping[str, tuple[float, float]]
"""Least and greatest score wanted, by probe."""


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """The probes, and the latents' mean and covariance that say which moves are natural."""

    names: tuple[str, ...]
    direction: NDArray[np.float64]
    """(probes, LATENT)."""
    offset: NDArray[np.float64]
    """(probes,): score = direction . w + offset."""
    label_mean: Mapping[str, float]
    label_std: Mapping[str, float]
    """A label's mean and standard deviation in its own unit (age: years)."""
    mean: NDArray[np.float64]
    """(LATENT,)."""
    covariance: NDArray[np.float64]
    """(LATENT, LATENT)."""

    @classmethod
    def read(cls) -> Self:
        """The probes that come with the project. Raises ValueError where a file was changed."""
        measured, marked = (_arrays(file, digest) for file, digest in FILES.items())
        names: list[str] = []
        directions, offsets, means, stds = [], [], [], []
        for arrays in (measured, marked):
            names += [str(name) for name in arrays["names"]]
            direction = arrays["direction"].astype(np.float64)
            directions.append(direction)
            offsets.append(arrays["bias"] - direction @ arrays["w_mean"])
            means.append(arrays["label_mean"])
            stds.append(arrays["label_std"])
        return cls(
            names=tuple(names),
            direction=np.concatenate(directions),
            offset=np.concatenate(offsets),
            label_mean=dict(zip(names, np.concatenate(means).tolist(), strict=True)),
            label_std=dict(zip(names, np.concatenate(stds).tolist(), strict=True)),
            mean=measured["w_mean"].astype(np.float64),
            covariance=measured["w_covariance"].astype(np.float64),
        )

    def scores(self, w: Latents) -> NDArray[np.float64]:
        """(n, probes) scores of (n, LATENT) latents."""
        return w @ self.direction.T + self.offset

    def score(self, w: Latents, name: str) -> NDArray[np.float64]:
        """(n,) scores of one probe."""
        return self.scores(w)[:, self.names.index(name)]

    def in_deviations(self, name: str, label: float) -> float:
        """The score of a label given in its own unit."""
        return (label - self.label_mean[name]) / self.label_std[name]

    def steer(
        self, w: Latents, bounds: Bounds, *, free: Set[str] = frozenset()
    ) -> tuple[Latents, NDArray[np.float64]]:
        """Move latents (n, LATENT) so that their scores come to lie within bounds.

        The move is the likeliest one: of all that reach the scores the shortest by the latents'
        own covariance. Probes without bounds keep their scores, but for those named in `free`,
        which follow as they naturally would. Returns the moved latents and the (n,) squared
        lengths of the moves, in deviations.
        """
        used = [i for i, name in enumerate(self.names) if name in bounds or name not in free]
        lines = self.direction[used]
        low, high = np.array([bounds.get(self.names[i], (-np.inf, np.inf)) for i in used]).T
        scores = self.scores(w)[:, used]
        missing = np.clip(scores, low, high) - scores
        natural = lines @ self.covariance
        weights = np.linalg.solve(natural @ lines.T + RIDGE * np.eye(len(used)), missing.T).T
        return w + weights @ natural, np.sum(weights * missing, axis=1)


def _arrays(file: str, digest: str) -> dict[str, NDArray[Any]]:
    data = read_shipped(Path(__file__).with_name(file), digest)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)
