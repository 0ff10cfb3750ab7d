"""The search for the mixture that sounds most like a sample.

Each round, the surrogate is fitted to all that was heard; mixtures evolve under what it predicts;
the best of them are spoken, heard and added. Dear is only the speaking, so the search ends early
where nothing better is in sight.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.cloning.blend import HALVES, Blender, Known, Shares
from deployments.cloning.surrogate import Surrogate

AT_ONCE: Final = 2
"""Mixtures that are spoken in a round, whatever the threads: the result must not hang on them."""

_SEMITONE: Final = 0.02
"""What a semitone beside the sample's pitch counts, in likeness."""
_WORTH: Final = 0.01
"""What a round must promise over the best that was heard."""
_GENERATIONS, _CHILDREN, _PARENTS = 8, 300, 24
_MOST_OUTSIDE: Final = 0.3
"""Shares below 0 may add up to this much: farther out, speech breaks."""
_NEAR: Final = 12
"""Stock voices, the nearest, that mixtures move towards."""

Dice = np.random.Generator
Scores = NDArray[np.float64]
Mixtures = NDArray[np.float32]
"""Shape (n, HALVES, voices)."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The voice that is sought."""

    fingerprint: NDArray[np.float32]
    """As the speaker encoder hears it (`views`)."""
    hertz: float
    middle: NDArray[np.float32]
    """The fingerprint of anybody: two voices are like each other in how they differ from it. What
    all have in common says nothing, and is most of a fingerprint."""

    @classmethod
    def among(cls, known: Known, fingerprint: NDArray[np.float32], hertz: float) -> Self:
        """The target, whose middle is that of the stock voices."""
        return cls(fingerprint, hertz, known.fingerprints[known.alone()].mean(axis=0))

    def scores(self, heard: NDArray[np.float64]) -> Scores:
        """How like it voices are, cosine less pitch, from what is heard of them (`as_heard`)."""
        wanted = self.fingerprint - self.middle
        others = heard[:, :-1] - self.middle
        lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(wanted)
        cosines = others @ wanted / np.maximum(lengths, 1e-9)
        if not np.isfinite(self.hertz):
            return np.asarray(cosines, np.float64)
        semitones = np.abs(heard[:, -1] - 12 * np.log2(self.hertz))
        return np.asarray(cosines - _SEMITONE * semitones, np.float64)


def as_heard(fingerprints: NDArray[np.float32], hertz: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fingerprints and pitches (n,) as (n, FINGERPRINT + 1), pitch in semitones.

    A pitch that was not found is a middle one.
    """
    pitch = np.where(np.isfinite(hertz), hertz, np.nanmedian(hertz))
    return np.concatenate([fingerprints, 12 * np.log2(pitch)[:, None]], axis=1, dtype=np.float64)


def search(
    target: Target,
    blender: Blender,
    known: Known,
    listen: Callable[[list[Shares]], Known],
    rounds: int,
    seed: int,
) -> Iterator[Known]:
    """All that is known after each round of AT_ONCE mixtures that `listen` speaks and hears.

    There are fewer than `rounds` where the next one promises too little.
    """
    dice = np.random.default_rng(seed)
    for _ in range(rounds):
        proposed, promised = _proposals(target, blender, known, dice)
        if promised < _WORTH:
            return
        known = known.joined(listen(proposed))
        yield known


def finalists(target: Target, blender: Blender, known: Known, count: int) -> list[Shares]:
    """The best stock voice, then the best `count` mixtures that were heard and are none."""
    scores = _settled(target, blender, known)
    alone = known.alone()
    mixed = np.setdiff1d(np.argsort(-scores, kind="stable"), alone, assume_unique=True)
    order = [alone[np.argmax(scores[alone])], *mixed[:count]]
    return [known.shares[n] for n in order]


def _settled(target: Target, blender: Blender, known: Known) -> Scores:
    """How like the target all are that were heard.

    What was heard of them counts half, what the surrogate makes of it the other half: whoever is
    best of many was lucky with the words, too.
    """
    heard = as_heard(known.fingerprints, known.hertz)
    places = blender.places(known.shares)
    smooth = Surrogate.fit(places, heard).predict(places)
    return (target.scores(heard) + target.scores(smooth)) / 2


def _proposals(
    target: Target, blender: Blender, known: Known, dice: Dice
) -> tuple[list[Shares], float]:
    """What to speak next, and how much better than the best so far the better of them may be.

    Each is chosen as if those before it were heard as predicted.
    """
    chosen: list[Shares] = []
    hopes: list[float] = []
    settled = _settled(target, blender, known)
    for _ in range(AT_ONCE):
        heard = as_heard(known.fingerprints, known.hertz)
        surrogate = Surrogate.fit(blender.places(known.shares), heard)
        best = _evolved(target, blender, known, surrogate, dice)
        said = surrogate.predict(blender.places(best[None]))
        hopes.append(float(target.scores(said)[0]))
        fingerprint = said[:, :-1].astype(np.float32)
        hertz = (2 ** (said[:, -1] / 12)).astype(np.float32)
        known = known.joined(Known(best[None], fingerprint, hertz, known.words))
        chosen.append(best)
    return chosen, max(hopes) - float(settled.max())


def _evolved(
    target: Target,
    blender: Blender,
    known: Known,
    surrogate: Surrogate,
    dice: Dice,
) -> Shares:
    """The mixture of which the surrogate hopes most."""

    def hopes(mixtures: Mixtures) -> Scores:
        return target.scores(surrogate.predict(blender.places(mixtures)))

    scores = target.scores(as_heard(known.fingerprints, known.hertz))
    parents: Mixtures = known.shares[np.argsort(-scores)[:_PARENTS]]
    alone = known.alone()
    near = known.shares[alone[np.argsort(-scores[alone])[:_NEAR]], 0].argmax(axis=1)
    for generation in range(_GENERATIONS):
        step = 0.5 * 0.75**generation
        everybody = np.concatenate([parents, _children(parents, near, step, dice)])
        parents = everybody[np.argsort(-hopes(everybody), kind="stable")[:_PARENTS]]
    heard = {mixture.tobytes() for mixture in known.shares}
    fresh = (mixture for mixture in parents if mixture.tobytes() not in heard)
    best: Shares = next(fresh, parents[0])
    return best


def _children(parents: Mixtures, near: NDArray[np.intp], step: float, dice: Dice) -> Mixtures:
    """Halves of two parents, blended, each then moved to or from a near voice; none far outside."""
    shape = (_CHILDREN, HALVES)
    halves = np.arange(HALVES)
    one = parents[dice.integers(len(parents), size=shape), halves]
    other = parents[dice.integers(len(parents), size=shape), halves]
    part = dice.uniform(0, 1, shape)[:, :, None] * (dice.random(shape) < 0.5)[:, :, None]
    mixed = one + part * (other - one)
    towards = np.eye(parents.shape[2])[near[dice.integers(len(near), size=shape)]]
    far = dice.normal(0, step, shape)[:, :, None]
    moved = mixed + np.clip(far, -0.3, 1) * (towards - mixed)
    outside = (-np.minimum(moved, 0).sum(axis=2)).max(axis=1)
    return np.asarray(moved[outside <= _MOST_OUTSIDE], np.float32)
