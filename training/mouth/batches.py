"""Crops of made-up tracks: pauses, speech of known shapes, noise; endless and seeded."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from deployments.lipsync.hearing import BANDS, HOP, LEVEL_HOPS, spectra
from deployments.lipsync.mouth import HOPS_AFTER, HOPS_BEFORE, OPENING_UNIT, WIDTH_UNIT
from media.sound import Sound
from training.mouth.augment import only_noise, spoil
from training.mouth.noises import RATE, backgrounds, one_background
from training.mouth.targets import NAMES, targets

HOPS = 240
"""Hops of a crop that are learned from."""
WARM = HOPS_BEFORE + LEVEL_HOPS + 4
NOISE_ONLY = 0.22
ONE_VOICE = "heart"
MANY_VOICES = 0.7
ALSO_AT = (0.8, 0.95), (1.05, 1.25)
"""Each of the many voices is learned from at two more pitches, each with a tempo to match."""
WARPED, WARP = 0.6, 0.13
"""Share of crops in which the throat is longer or shorter, and by how much (natural log)."""
CUT, CUT_NOISE, GATED = 0.25, 0.6, 0.1
"""Share of crops in which a recording starts or ends (of speech, of noise alone), or a noise gate
shuts in the pauses."""
NOISES = 160
EDGES = np.array([70.0, 7600.0])
"""Hertz between which the hearing's bands lie."""

Array = NDArray[np.float32]


class Speakers:
    """All utterances of a kind (train or held) in memory, with their targets."""

    def __init__(self, folder: Path, kind: str, noises: int = NOISES) -> None:
        self.sounds: list[Array] = []
        self.targets: list[Array] = []
        self.many: list[int] = []
        self.noises = backgrounds(noises, np.random.default_rng(5))
        chance = np.random.default_rng(6)
        for path in sorted(folder.glob(f"{kind}-*.npz")):
            with np.load(path) as held:
                sound = held["sound"].astype(np.float32) / 32768
                symbols, times = held["symbols"].tolist(), held["times"]
            many = path.stem.split("-")[1] != ONE_VOICE
            for low, high in ((1.0, 1.0), *(ALSO_AT if many else ())):
                share = Fraction(1 / chance.uniform(low, high)).limit_denominator(40)
                other = resample_poly(sound, share.numerator, share.denominator)
                if many:
                    self.many.append(len(self.sounds))
                self.sounds.append(other)
                self.targets.append(targets(symbols, times * float(share), len(other) / RATE))

    def pick(self, chance: np.random.Generator) -> int:
        """An utterance: more often one of the many voices, though there are more of the one."""
        if self.many and chance.random() < MANY_VOICES:
            return int(chance.choice(self.many))
        return int(chance.integers(len(self.sounds)))

    def track(self, seconds: float, chance: np.random.Generator) -> tuple[Array, Array]:
        """Utterances and pauses in a row: sound, and shapes at 100 Hz."""
        sounds, shapes, length = [], [], 0
        while length < seconds * RATE:
            gap = int(chance.choice([0.15, 0.4, 1.2]) * chance.uniform(0.5, 1.5) * 100)
            n = self.pick(chance)
            whole = len(self.targets[n]) * HOP
            speech = np.zeros(whole, np.float32)
            speech[: len(self.sounds[n])] = self.sounds[n][:whole]
            speech *= np.float32(chance.uniform(0.5, 1.0))
            sounds += [np.zeros(gap * HOP, np.float32), speech]
            shapes += [np.zeros((gap, len(NAMES)), np.float32), self.targets[n]]
            length += gap * HOP + whole
        return np.concatenate(sounds), np.concatenate(shapes)


def crop(speakers: Speakers, chance: np.random.Generator) -> tuple[Array, Array]:
    """Features (CHANNELS, HOPS + reach) and shapes (curves, HOPS)."""
    hops = WARM + HOPS + HOPS_AFTER + 1
    others = speakers.sounds[int(chance.integers(len(speakers.sounds)))]
    if chance.random() < NOISE_ONLY:
        sound = only_noise((hops + 1) * HOP, speakers.noises, chance)
        shapes = np.zeros((hops, len(NAMES)), np.float32)
    else:
        track, all_shapes = speakers.track(hops / 100 + 1, chance)
        start = int(chance.integers(0, len(track) // HOP - hops))
        piece = track[start * HOP : (start + hops + 1) * HOP]
        whole = np.pad(piece, (0, (hops + 1) * HOP - len(piece)))
        sound = spoil(whole, others, speakers.noises, chance)
        shapes = all_shapes[start : start + hops]
        if chance.random() < GATED:
            sound[: hops * HOP] *= np.repeat(shapes[:, 4] > 0, HOP)
    if chance.random() < (CUT if shapes.any() else CUT_NOISE):
        sound, shapes = cut(sound, shapes, chance)
    first = WARM - HOPS_BEFORE
    features, _, _ = spectra(Sound(sound, RATE), first, WARM + HOPS + HOPS_AFTER)
    if chance.random() < WARPED:
        features[:, :BANDS] @= warped(float(np.exp(chance.uniform(-WARP, WARP))))
    units = np.array([OPENING_UNIT, WIDTH_UNIT, *[1] * (len(NAMES) - 2)], np.float32)
    return features.T, (shapes[WARM : WARM + HOPS] / units).T


def cut(sound: Array, shapes: Array, chance: np.random.Generator) -> tuple[Array, Array]:
    """Digital silence before or behind some moment, as round the ends of a recording."""
    hop = WARM + int(chance.integers(-40, HOPS))
    sound, shapes = sound.copy(), shapes.copy()
    if chance.random() < 0.7:
        sound[: hop * HOP] = 0
        shapes[: max(0, hop - 5)] = 0
    else:
        sound[hop * HOP :] = 0
        shapes[hop:] = 0
    return sound, shapes


def warped(ratio: float) -> Array:
    """(BANDS, BANDS) to shift the bands' frequencies by `ratio`, as another throat would.

    Jaitly and Hinton, "Vocal tract length perturbation" (2013); between bands by interpolation.
    """
    lowest, highest = 2595 * np.log10(1 + EDGES / 700)
    step = (highest - lowest) / (BANDS + 1)
    hertz = 700 * (10 ** ((lowest + step * np.arange(1, BANDS + 1)) / 2595) - 1)
    source = (2595 * np.log10(1 + hertz / ratio / 700) - lowest) / step - 1
    source = np.clip(source, 0, BANDS - 1)
    distance = np.abs(np.arange(BANDS)[:, None] - source)
    return np.asarray(np.maximum(0, 1 - distance), np.float32)


def batch(speakers: Speakers, size: int, seed: int, step: int) -> tuple[Array, Array]:
    """`size` crops stacked; the noises are renewed one by one, so that none is learned by heart."""
    renew(speakers, seed, step)
    chance = np.random.default_rng((seed, step))
    crops = [crop(speakers, chance) for _ in range(size)]
    return np.stack([c[0] for c in crops]), np.stack([c[1] for c in crops])


def renew(speakers: Speakers, seed: int, step: int) -> None:
    """The noise whose turn it is, made anew."""
    n = step % len(speakers.noises)
    speakers.noises[n] = one_background(n, np.random.default_rng((seed, step, 1)))


def renew_all(speakers: Speakers, seed: int, step: int) -> None:
    """The noises as they stand before `step`, for a training that goes on from there."""
    for earlier in range(max(0, step - len(speakers.noises)), step):
        renew(speakers, seed, earlier)
