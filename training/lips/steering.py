"""How the mouth layers' latent moves a mouth: linear fits to samples, and moves made with them.

The portrait stage's probes (deployments/portrait/probes.py) for a latent that enters at the mouth's
layers alone; the person adds to each score.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.portrait.probes import Probes
from training.lips.mouths import MEASURES, SHAPES
from training.lips.shards import load

Array = NDArray[np.float64]

PENALTY: Final = 60.0
"""Of the fit: latents have more numbers than there are independent looks."""
STAYS: Final = ("male", "age", "skinL", "skinB", "glasses", "beard", "intruder", "minor")
"""Probes of the portrait stage that a move must leave as they are."""
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
        return cls(by_person, by_mouth, weights[:, -1], np.nanstd(measures, axis=0), probes)

    def predict(self, person: Array, mouth: Array) -> Array:
        """(MEASURES,) as the fit expects them."""
        return self.by_person @ person + self.by_mouth @ mouth + self.offset

    def move(self, person: Array, wanted: Mapping[str, float]) -> Array:
        """The mouth nearest to the person's own that is expected to measure as wanted.

        Where that is too far from any face, it goes a part of the way.
        """
        lines = self._lines(person)
        goals = {name: v / self.spread[MEASURES.index(name)] for name, v in wanted.items()}
        free = {name for name in SHAPES if name not in wanted}
        moved, length = lines.steer(
            person[None], {name: (v, v) for name, v in goals.items()}, free=free
        )
        share = min(1.0, LONGEST / max(float(np.sqrt(length[0])), 1e-9))
        return np.asarray(person + share * (moved[0] - person))

    def unseen_move(self, chance: np.random.Generator, like: Array) -> Array:
        """A random move of a mouth's latent that no line sees, as long as another move.

        Lengths are in the latents' own deviations; the direction is as natural as can be.
        """
        lines = self._lines(self.probes.mean)
        spread, axes = np.linalg.eigh(self.probes.covariance)
        kept = spread > 1e-6 * spread.max()
        root = axes[:, kept] * np.sqrt(spread[kept])
        z = chance.normal(size=kept.sum())
        seen = lines.direction @ root
        z -= np.linalg.lstsq(seen, seen @ z, rcond=None)[0]
        length = np.linalg.norm(np.linalg.lstsq(root, like, rcond=None)[0])
        return np.asarray(root @ z * length / np.linalg.norm(z))

    def _lines(self, person: Array) -> Probes:
        """MEASURES of a person's mouth latent and the traits that stay, as probes."""
        stays = [self.probes.names.index(name) for name in STAYS]
        return replace(
            self.probes,
            names=(*MEASURES, *STAYS),
            direction=np.vstack(
                [self.by_mouth / self.spread[:, None], self.probes.direction[stays]]
            ),
            offset=np.concatenate(
                [(self.by_person @ person + self.offset) / self.spread, self.probes.offset[stays]]
            ),
        )


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
        name: float(np.corrcoef(guess[seen, k], label[seen])[0, 1])
        for k, (name, (label, seen)) in enumerate(zip(MEASURES, _seen(measures), strict=True))
    }


def _ridge(features: Array, labels: Array) -> Array:
    """(labels, features + 1) weights, the last being the offset; from the rows without NaN."""
    return np.array([_line(features[seen], label[seen]) for label, seen in _seen(labels)])


def _seen(labels: Array) -> list[tuple[Array, NDArray[np.bool_]]]:
    return [(label, ~np.isnan(label)) for label in labels.T]


def _line(features: Array, label: Array) -> Array:
    mean, middle = features.mean(axis=0), label.mean()
    centred = features - mean
    gram = centred.T @ centred + PENALTY * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (label - middle))
    return np.append(weights, middle - weights @ mean)
