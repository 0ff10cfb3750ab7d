"""Trains the judge: `python -m training.speakers.train CORPUS`, half a minute.

Speakers are the stock voices but the held ones, and the mixtures in which no held voice has a
share, each at five speeds (pitch and formants go along: Yamamoto et al. 2019), with and without
noise and another microphone's colour. Then prints how well the held voices are told apart, and
writes judge.npz.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.signal import resample_poly

from deployments.cloning.voice_activity import speech_of
from media.sound import Sound
from training.mouth.data import HELD_VOICES
from training.speakers.corpus import NAMES
from training.speakers.judge import RATE, Array, Judge, belongings, cepstra, differences

SPEEDS: Final = (0.84, 0.92, 1.0, 1.09, 1.19)
PIECE: Final = 180
"""Frames that one voice is told by in training."""
GAUSSIANS: Final = 48
ROUNDS: Final = 12
KEPT: Final = 220
"""Directions in which everybody differs, of which SIZE tell voices apart."""
SIZE: Final = 60


def utterances(corpus: Path) -> Iterator[tuple[str, Sound]]:
    """Who speaks, and their speech; mixtures with a share of a held voice are left out."""
    held = [NAMES.index(voice) for voice in HELD_VOICES]
    for path in sorted(corpus.glob("*-?.npz")):
        with np.load(path) as data:
            who, shares, sound = str(data["who"]), data["shares"], data["sound"]
        if who in NAMES or not shares[:, held].any():
            yield who, speech_of(Sound((sound / 32768).astype(np.float32), RATE))


def at_speed(sound: Sound, speed: float) -> Array:
    """The samples, spoken faster and higher by `speed`."""
    share = Fraction(1 / speed).limit_denominator(40)
    return resample_poly(sound.samples, share.numerator, share.denominator).astype(np.float32)


def spoiled(samples: Array, dice: np.random.Generator) -> Array:
    """As another microphone in a noisier room would have it."""
    taps = np.array([1.0, dice.uniform(-0.6, 0.6), dice.uniform(-0.2, 0.2)])
    coloured = np.convolve(samples, taps, "same")
    noise = dice.normal(0, coloured.std() * 10 ** (-dice.uniform(15, 35) / 20), len(samples))
    return np.asarray(coloured + noise, np.float32)


def everybody(frames: Array) -> tuple[Array, Array, Array]:
    """Shares, means and spreads of a mixture of Gaussians, by expectation and maximisation."""
    dice = np.random.default_rng(4)
    means = frames[dice.choice(len(frames), GAUSSIANS, replace=False)]
    spreads = np.tile(frames.std(axis=0), (GAUSSIANS, 1))
    shares = np.full(GAUSSIANS, 1 / GAUSSIANS, np.float32)
    for _ in range(ROUNDS):
        belong = belongings(frames, shares, means, spreads)
        counts = belong.sum(axis=0) + 1e-3
        means = (belong.T @ frames) / counts[:, None]
        variances = (belong.T @ frames**2) / counts[:, None] - means**2
        spreads = np.sqrt(np.maximum(variances, 0.05 * frames.var(axis=0)))
        shares = counts / counts.sum()
    return shares, means, spreads


def discriminant(vectors: NDArray[np.float64], who: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fisher's directions within the principal ones, (m, SIZE)."""
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    inside = vectors @ axes[:KEPT].T
    centres = np.stack([inside[who == n].mean(axis=0) for n in range(who.max() + 1)])
    within = np.cov((inside - centres[who]).T)
    between = np.cov(centres.T)
    within += 0.02 * np.trace(within) / len(within) * np.eye(len(within))
    _, found = eigh(between, within, subset_by_index=[KEPT - SIZE, KEPT - 1])
    return np.asarray(axes[:KEPT].T @ found, np.float64)


def trained(spoken: list[tuple[str, Sound]]) -> Judge:
    """A judge of the voices that are not held."""
    dice = np.random.default_rng(4)
    frames: list[Array] = []
    speakers: list[tuple[str, float]] = []
    for who, sound in spoken:
        for speed in () if who in HELD_VOICES else SPEEDS:
            samples = at_speed(sound, speed)
            for said in (samples, spoiled(samples, dice)):
                frames.append(cepstra(said))
                speakers.append((who, speed))
    shares, means, spreads = everybody(np.concatenate([part[::4] for part in frames]))
    names = {speaker: n for n, speaker in enumerate(dict.fromkeys(speakers))}
    vectors, labels = [], []
    for part, speaker in zip(frames, speakers, strict=True):
        for start in range(0, max(1, len(part) - PIECE // 2), PIECE):
            vectors.append(differences(part[start : start + PIECE], shares, means, spreads))
            labels.append(names[speaker])
    print(f"{len(names)} speakers of {len({w for w, _ in speakers})} voices, {len(vectors)} pieces")
    table = np.stack(vectors).astype(np.float64)
    middle = table.mean(axis=0)
    directions = discriminant(table - middle, np.array(labels))
    parts = (shares, means, spreads, middle, directions)
    return Judge(*(np.asarray(part, np.float32) for part in parts))


def equal_error(vectors: Array, names: list[str]) -> tuple[float, float]:
    """Equal error rate of all pairs, and the cosine at which it lies."""
    one, other = np.triu_indices(len(names), 1)
    cosines = np.einsum("ij,ij->i", vectors[one], vectors[other])
    same = np.array(names)[one] == np.array(names)[other]
    steps = np.linspace(-1, 1, 2001)
    missed = np.array([np.mean(cosines[same] < at) for at in steps])
    let_in = np.array([np.mean(cosines[~same] >= at) for at in steps])
    n = int(np.argmin(np.abs(missed - let_in)))
    return float((missed[n] + let_in[n]) / 2), float(steps[n])


def main() -> None:
    """Train, write, measure."""
    spoken = list(utterances(Path(sys.argv[1])))
    trained(spoken).save()
    judge = Judge.load()
    for title, among in (("held voices", HELD_VOICES), ("all stock voices", NAMES)):
        vectors = [(who, judge.embed(sound)) for who, sound in spoken if who in among]
        rate, at = equal_error(np.stack([v for _, v in vectors]), [who for who, _ in vectors])
        print(f"{title}, {len(vectors)} sentences: equal error {100 * rate:.1f} % at {at:.2f}")


if __name__ == "__main__":
    main()
