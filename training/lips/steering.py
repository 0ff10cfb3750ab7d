"""How the mouth layers' latent moves a mouth: linear fits to samples, and moves made with them.

The same mathematics as the portrait stage's probes (deployments/portrait/probes.py), for a latent
that enters at the mouth's layers alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.portrait.probes import Probes
from training.lips.mouths import KEPT, MEASURES
from training.lips.shards import load

Array = NDArray[np.float64]

PENALTY: Final = 60.0
"""Of the fit: latents have more numbers than there are independent looks."""
STAYS: Final = ("male", "age", "skinL", "skinB", "glasses", "beard", "intruder", "minor")
"""Probes of the portrait stage that a move must leave as they are."""
RIDGE: Final = 1e-3
LONGEST: Final = 6.0
"""Longest move in the latents' own deviations: beyond, faces fall apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """measure = person . by_person + mouth . by_mouth + offset, for each of MEASURES."""

    by_person: Array
    by_mouth: Array
    """(MEASURES, LATENT)."""
    offset: Array
    spread: Array
    """(MEASURES,) standard deviations of the samples."""
    probes: Probes

    @classmethod
    def fit(cls, folder: Path, probes: Probes) -> Self:
        """Fit to all samples of a folder."""
        persons, mouths, measures = load_samples(folder)
        weights = _ridge(np.concatenate([persons, mouths], axis=1), measures)
        half = persons.shape[1]
        by_person, by_mouth = weights[:, :half], weights[:, half:-1]
        return cls(by_person, by_mouth, weights[:, -1], measures.std(axis=0), probes)

    def predict(self, person: Array, mouth: Array) -> Array:
        """(MEASURES,) as the fit expects them."""
        return self.by_person @ person + self.by_mouth @ mouth + self.offset

    def move(self, person: Array, wanted: Mapping[str, float]) -> Array:
        """The mouth nearest to the person's own that is expected to measure as wanted.

        Where that is too far from any face, it goes a part of the way.
        """
        rows, missing = [], []
        now = self.predict(person, person)
        for k, name in enumerate(MEASURES):
            if name in wanted or name in KEPT:
                rows.append(self.by_mouth[k] / self.spread[k])
                missing.append((wanted.get(name, now[k]) - now[k]) / self.spread[k])
        for name in STAYS:
            rows.append(self.probes.direction[self.probes.names.index(name)])
            missing.append(0.0)
        lines = np.array(rows)
        natural = lines @ self.probes.covariance
        weights = np.linalg.solve(natural @ lines.T + RIDGE * np.eye(len(lines)), missing)
        length = float(np.sqrt(weights @ np.array(missing)))
        return np.asarray(person + weights @ natural * min(1.0, LONGEST / max(length, 1e-9)))


def load_samples(folder: Path) -> tuple[Array, Array, Array]:
    """Persons, mouths and measures of all shards."""
    arrays = load(folder)
    persons, mouths, measures = (
        arrays[name].astype(np.float64) for name in ("persons", "mouths", "measures")
    )
    return persons, mouths, measures


def correlations(folder: Path, folds: int = 5) -> dict[str, float]:
    """Cross-validated correlation of the fit with each measure."""
    persons, mouths, measures = load_samples(folder)
    features = np.concatenate([persons, mouths], axis=1)
    fold = np.arange(len(features)) % folds
    guess = np.empty_like(measures)
    for n in range(folds):
        weights = _ridge(features[fold != n], measures[fold != n])
        guess[fold == n] = np.c_[features[fold == n], np.ones((fold == n).sum())] @ weights.T
    return {
        name: float(np.corrcoef(guess[:, k], measures[:, k])[0, 1])
        for k, name in enumerate(MEASURES)
    }


def _ridge(features: Array, labels: Array) -> Array:
    """(labels, features + 1) weights, the last being the offset."""
    mean, middle = features.mean(axis=0), labels.mean(axis=0)
    centred = features - mean
    gram = centred.T @ centred + PENALTY * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (labels - middle)).T
    return np.asarray(np.c_[weights, middle - weights @ mean])
