"""The map of stock voices: `python -m training.speakers.stock CORPUS`.

Hears what every stock voice and mixture of the corpus (`training.speakers.corpus`) says, and writes
it to deployments/cloning/stock_voices.npz. Prints how well a voice is told by the others, and what
other parameters of the surrogate would do.
"""

import sys
from dataclasses import fields
from itertools import product, starmap
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import deployments.cloning
from deployments.cloning.blend import Blender, Known
from deployments.cloning.pitch import median_hz
from deployments.cloning.search import as_heard
from deployments.cloning.speaker_encoder import WEIGHTS, SpeakerEncoder, unit
from deployments.cloning.surrogate import KERNEL, Kernel
from deployments.cloning.views import fingerprint
from deployments.cloning.voice_activity import speech_of
from deployments.speech.kokoro_styles import STYLE
from media.sound import Sound
from media.timegrid import HEARING_RATE
from serve.settings import Settings
from serve.weights.store import open_store

OUT: Final = Path(deployments.cloning.__file__).with_name("stock_voices.npz")
GRID: Final = product((0.3, 1.0, 3.0), (0.1, 0.3, 1.0), (0.35, 0.5, 0.7, 1.0), (0.03, 0.1, 0.3))
"""Kernels to compare with the one that is used."""


def heard(folder: Path, encoder: SpeakerEncoder) -> Known:
    """Everybody, on average of what they say; the first utterance is the search's words."""
    shares, fingerprints, hertz, words = [], [], [], []
    for first in sorted(folder.glob("*-0.npz")):
        said: list[NDArray[np.float32]] = []
        heights: list[float] = []
        for path in sorted(folder.glob(first.name.replace("-0", "-?"))):
            with np.load(path) as data:
                sound = Sound((data["sound"] / 32768).astype(np.float32), HEARING_RATE)
                mixture = data["shares"]
            said.append(fingerprint(encoder, sound))
            heights.append(median_hz(speech_of(sound)))
        shares.append(mixture)
        fingerprints.append(unit(np.mean(said, axis=0)))
        hertz.append(np.exp(np.mean(np.log(heights))))
        words.append(said[0] - fingerprints[-1])
    heard_of = np.stack(fingerprints), np.array(hertz, np.float32), np.mean(words, axis=0)
    return Known(np.stack(shares), *heard_of)


def told(places: NDArray[np.float64], known: Known, kernel: Kernel) -> tuple[float, float]:
    """Between what is heard of each and what the others tell: mean cosine and mean semitones."""
    said = as_heard(known.fingerprints, known.hertz)
    inverse = np.linalg.inv(kernel.covariance(places, places) + kernel.noise * np.eye(len(places)))
    # Leave-one-out residuals of a Gaussian process (Rasmussen and Williams 2006, equation 5.12).
    wrong = inverse @ (said - said.mean(axis=0)) / np.diag(inverse)[:, None]
    guessed = said - wrong
    vectors = guessed[:, :-1] / np.linalg.norm(guessed[:, :-1], axis=1, keepdims=True)
    cosines = np.einsum("ij,ij->i", vectors, known.fingerprints)
    return float(cosines.mean()), float(np.abs(wrong[:, -1]).mean())


def main() -> None:
    """Hear, print, write."""
    store = open_store(Settings())
    voices = {path.stem: path for path in store.paths("kokoro-voices").values()}
    blender = Blender.of({k: np.fromfile(v, "<f4").reshape(-1, STYLE) for k, v in voices.items()})
    known = heard(Path(sys.argv[1]), SpeakerEncoder.load(store.paths(WEIGHTS)))
    places = blender.places(known.shares)
    cosine, semitones = told(places, known, KERNEL)
    print(f"{len(places)} voices, each told by the others: {cosine:.4f}, {semitones:.2f} semitones")
    tried = [(*told(places, known, kernel), kernel) for kernel in starmap(Kernel, GRID)]
    for cosine, semitones, kernel in sorted(tried, key=lambda row: -row[0])[:5]:
        print(f"{cosine:.4f} {semitones:.2f} semitones: {kernel}")
    np.savez_compressed(
        OUT,
        names=np.array(blender.names),
        **{field.name: getattr(known, field.name).astype(np.float16) for field in fields(known)},
    )


if __name__ == "__main__":
    main()
