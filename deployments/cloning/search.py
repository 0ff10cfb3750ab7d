"""The search for the mixture that sounds most like a sample.

Each round, the surrogate is fitted to all that was heard; mixtures evolve under what it predicts;
the best of them are spoken, heard and added. Dear is only the speaking: some seventy seconds of
it are what a search may cost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deployments.cloning.blend import HALVES, Blender, Known, Shares
from deployments.cloning.surrogate import Surrogate

AT_ONCE: Final = 2
"""Mixtures that are spoken in a round, whatever the threads: the result must not hang on them."""

_SEMITONE: Final = 0.01
"""What a semitone beside the sample's pitch counts, in cosine."""
_CURIOSITY: Final = 0.05
"""What not knowing counts, in cosine."""
_GENERATIONS, _CHILDREN, _PARENTS = 8, 400, 24
_MOST_OUTSIDE: Final = 0.3
"""Shares below 0 may add up to this much: farther out, speech breaks."""
_NEAR: Final = 12
"""Stock voices, the nearest, that mixtures move towards."""

Dice = np.random.Generator
Mixtures = NDArray[np.float32]
"""Shape (n, HALVES, voices)."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The voice that is sought."""

    fingerprint: NDArray[np.float32]
    """As the speaker encoder hears it (`views`)."""
    hertz: float

    def scores(self, heard: NDArray[np.float64]) -> NDArray[np.float64]:
        """How like it voices are, cosine less pitch, from what is heard of them (`as_heard`)."""
        lengths = np.maximum(np.linalg.norm(heard[:, :-1], axis=1), 1e-9)
        cosines = heard[:, :-1] @ self.fingerprint / lengths
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
    """All that is known after each round of AT_ONCE mixtures that `listen` speaks and hears."""
    dice = np.random.default_rng(seed)
    for _ in range(rounds):
        tried = listen(_proposals(target, blender, known, dice))
        known = Known(
            np.concatenate([known.shares, tried.shares]),
            np.concatenate([known.fingerprints, tried.fingerprints]),
            np.concatenate([known.hertz, tried.hertz]),
        )
        yield known


def finalists(target: Target, blender: Blender, known: Known, count: int) -> list[Shares]:
    """The best `count` mixtures that were heard, and the best voice that is none.

    What was heard of them counts half, what the surrogate makes of it the other half: whoever is
    best of many was lucky with the words, too.
    """
    heard = as_heard(known.fingerprints, known.hertz)
    places = blender.places(known.shares)
    smooth, _ = Surrogate.fit(places, heard).predict(places)
    scores = (target.scores(heard) + target.scores(smooth)) / 2
    alone = _alone(known)
    order = [*np.argsort(-scores, kind="stable")[:count], alone[np.argmax(scores[alone])]]
    return [known.shares[n] for n in dict.fromkeys(int(n) for n in order)]


def _alone(known: Known) -> NDArray[np.intp]:
    """Those that are all of one voice."""
    return np.flatnonzero(known.shares.max(axis=2).min(axis=1) == 1)


def _proposals(target: Target, blender: Blender, known: Known, dice: Dice) -> list[Shares]:
    """What to speak next; the second as if the first were heard as predicted."""
    chosen: list[Shares] = []
    for _ in range(AT_ONCE):
        heard = as_heard(known.fingerprints, known.hertz)
        surrogate = Surrogate.fit(blender.places(known.shares), heard)
        best = _evolved(target, blender, known, surrogate, dice)
        said, _ = surrogate.predict(blender.places(best[None]))
        known = replace(
            known,
            shares=np.concatenate([known.shares, best[None]]),
            fingerprints=np.concatenate([known.fingerprints, said[:, :-1].astype(np.float32)]),
            hertz=np.append(known.hertz, np.float32(2 ** (said[0, -1] / 12))),
        )
        chosen.append(best)
    return chosen


def _evolved(
    target: Target, blender: Blender, known: Known, surrogate: Surrogate, dice: Dice
) -> Shares:
    """The mixture of which the surrogate hopes most."""

    def hopes(mixtures: Mixtures) -> NDArray[np.float64]:
        said, unsure = surrogate.predict(blender.places(mixtures))
        return target.scores(said) + _CURIOSITY * unsure

    scores = target.scores(as_heard(known.fingerprints, known.hertz))
    parents: Mixtures = known.shares[np.argsort(-scores)[:_PARENTS]]
    alone = _alone(known)
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
