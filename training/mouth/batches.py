"""Crops of made-up tracks: pauses, speech of known shapes, noise; endless and seeded."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.hearing import HOP, LEVEL_HOPS, spectra
from deployments.lipsync.mouth import HOPS_AFTER, HOPS_BEFORE, OPENING_UNIT, WIDTH_UNIT
from media.sound import Sound
from training.mouth.augment import RATE, backgrounds, one_background, only_noise, spoil
from training.mouth.targets import targets

HOPS = 240
"""Hops of a crop that are learned from."""
WARM = HOPS_BEFORE + LEVEL_HOPS + 4
NOISE_ONLY = 0.2
ONE_VOICE = "heart"
MANY_VOICES = 0.6
CUT, GATED = 0.3, 0.1
"""Share of crops in which a recording starts or ends, or a noise gate shuts in the pauses."""

Array = NDArray[np.float32]


class Speakers:
    """All utterances of a kind (train or held) in memory, with their targets."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.sounds: list[Array] = []
        self.targets: list[Array] = []
        self.many: list[int] = []
        self.noises = backgrounds(150, np.random.default_rng(5))
        for path in sorted(folder.glob(f"{kind}-*.npz")):
            with np.load(path) as held:
                sound = held["sound"].astype(np.float32) / 32768
                curves = targets(held["symbols"].tolist(), held["times"], len(sound) / RATE)
            if path.stem.split("-")[1] != ONE_VOICE:
                self.many.append(len(self.sounds))
            self.sounds.append(sound)
            self.targets.append(curves)

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
            shapes += [np.zeros((gap, 5), np.float32), self.targets[n]]
            length += gap * HOP + whole
        return np.concatenate(sounds), np.concatenate(shapes)


def crop(speakers: Speakers, chance: np.random.Generator) -> tuple[Array, Array]:
    """Features (CHANNELS, HOPS + reach) and shapes (5, HOPS)."""
    hops = WARM + HOPS + HOPS_AFTER + 1
    others = speakers.sounds[int(chance.integers(len(speakers.sounds)))]
    if chance.random() < NOISE_ONLY:
        sound = only_noise((hops + 1) * HOP, speakers.noises, chance)
        shapes = np.zeros((hops, 5), np.float32)
    else:
        track, all_shapes = speakers.track(hops / 100 + 1, chance)
        start = int(chance.integers(0, len(track) // HOP - hops))
        piece = track[start * HOP : (start + hops + 1) * HOP]
        whole = np.pad(piece, (0, (hops + 1) * HOP - len(piece)))
        sound = spoil(whole, others, speakers.noises, chance)
        shapes = all_shapes[start : start + hops]
        if chance.random() < GATED:
            sound[: hops * HOP] *= np.repeat(shapes[:, 4] > 0, HOP)
    if chance.random() < CUT:
        sound, shapes = cut(sound, shapes, chance)
    first = WARM - HOPS_BEFORE
    features, _, _ = spectra(Sound(sound, RATE), first, WARM + HOPS + HOPS_AFTER)
    wanted = shapes[WARM : WARM + HOPS] / np.array([OPENING_UNIT, WIDTH_UNIT, 1, 1, 1], np.float32)
    return features.T, wanted.T


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


def batch(speakers: Speakers, size: int, chance: np.random.Generator) -> tuple[Array, Array]:
    """`size` crops stacked; the noises are renewed one by one, so that none is learned by heart."""
    n = int(chance.integers(len(speakers.noises)))
    speakers.noises[n] = one_background(n, chance)
    crops = [crop(speakers, chance) for _ in range(size)]
    return np.stack([c[0] for c in crops]), np.stack([c[1] for c in crops])
