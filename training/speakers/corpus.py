"""Speech of stock voices and of mixtures of them, for the judge and for the map of voices.

    python -m training.speakers.corpus OUT

Each utterance is one `.npz`: 16 kHz sound, who speaks (a voice's name or the number of a mixture)
and the shares of the 54 voices in both halves of its style. What is there already is kept, so a
run that broke off goes on.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from deployments.cloning.blend import Blender, Shares
from deployments.cloning.words import SEARCH
from deployments.speech.engine import Voice
from deployments.speech.kokoro import Kokoro
from deployments.speech.kokoro_voices import STOCK
from media.timegrid import SOUND_RATE
from serve.settings import Settings
from serve.weights.store import open_store
from training.mouth.corpus import corpus

HEARING: Final = 16_000
LINES: Final = 760
EACH: Final = 3
"""Sentences of a stock voice, besides the words that the search speaks."""
MIXTURES: Final = 120
OF_A_MIXTURE: Final = 1
"""Sentences of a mixture."""
NAMES: Final = tuple(sorted(voice.id for voice in STOCK))
"""The stock voices in the order of the shares."""


def mixed_shares(number: int) -> Shares:
    """Two to four voices; one in three mixtures goes beyond them, and most halves differ."""
    dice = np.random.default_rng([6, number])
    halves: list[NDArray[np.float32]] = []
    for half in range(2):
        if half and dice.random() < 0.3:
            halves.append(halves[0])
            continue
        shares = np.zeros(len(NAMES), np.float32)
        chosen = dice.choice(len(NAMES), dice.integers(2, 5), replace=False)
        shares[chosen] = dice.dirichlet(np.ones(len(chosen)))
        if dice.random() < 1 / 3:
            shares[chosen] += dice.uniform(0.2, 0.6) * (shares[chosen] - 1 / len(chosen))
        halves.append(shares)
    return np.stack(halves)


def everybody(blender: Blender) -> Iterator[tuple[str, Shares, list[str]]]:
    """Who speaks, their shares, and what they say."""
    lines = corpus(LINES)
    chance = random.Random(13)  # noqa: S311 - not for secrets
    for name in NAMES:
        yield name, blender.alone(name), [SEARCH, *chance.sample(lines, EACH)]
    for number in range(MIXTURES):
        said = [SEARCH, *chance.sample(lines, OF_A_MIXTURE)]
        yield f"mixture{number:03d}", mixed_shares(number), said


def main() -> None:
    """Speak what is not there yet: first what the search needs, then what the judge learns from."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("out", type=Path)
    out = options.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    store = open_store(Settings())
    files = {k: v for name in Kokoro.weights for k, v in store.paths(name).items()}
    kokoro = Kokoro.load(files, threads=1)
    blender = Blender.of(kokoro.styles)
    speakers = list(everybody(blender))
    for turn in range(1 + max(EACH, OF_A_MIXTURE)):
        for who, shares, said in speakers:
            path = out / f"{who}-{turn}.npz"
            if turn >= len(said) or path.exists():
                continue
            voice = Voice(who, who, ("en-US",), "", "", 0.0, "kokoro")
            styles = {who: blender.table(shares)}
            engine = replace(kokoro, voices=(voice,), styles=styles)
            samples = np.concatenate([p.samples for p in engine.speak(said[turn], who)])
            sound = resample_poly(samples, 1, SOUND_RATE // HEARING)
            level = 30_000 / max(1e-6, float(np.abs(sound).max()))
            fresh = out / "unfinished.npz"
            np.savez(fresh, sound=(sound * level).astype(np.int16), shares=shares, who=who)
            fresh.replace(path)
        print(f"round {turn} done", flush=True)


if __name__ == "__main__":
    main()
