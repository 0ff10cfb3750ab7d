"""How often the checks of a sample are wrong: `python -m bench.voices_samples CORPUS`.

CORPUS is what `training.speakers.corpus` wrote: stock voices, here as they are, in twos, in noise
and overdriven. Results go to bench/results/voices_samples.json.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from deployments.cloning.sample_check import check_sample
from deployments.cloning.speaker_encoder import WEIGHTS, SpeakerEncoder
from media.errors import AvatarError
from media.resample import resample
from media.sound import Samples, Sound
from media.timegrid import HEARING_RATE, SOUND_RATE
from serve.settings import Settings
from serve.weights.store import open_store
from training.speakers.corpus import NAMES

RESULTS: Final = Path(__file__).with_name("results") / "voices_samples.json"
PAIRS: Final = 100
NOISES_DB: Final = (0, 5, 10, 15, 20, 30)
OVERDRIVES_DB: Final = (3, 6, 10, 15)
REASONS: Final = {
    "noisy": "noise",
    "distorted": "clipping",
    "Several": "several",
    "Only": "little",
}
"""By a word of the refusal's sentence."""


def spoken_by(name: str, corpus: Path) -> list[Samples]:
    """A stock voice's sentences, 48 kHz."""
    parts = []
    for path in sorted(corpus.glob(f"{name}-?.npz")):
        with np.load(path) as data:
            sound = (data["sound"] / 32768).astype(np.float32)
        parts.append(resample(sound, HEARING_RATE, SOUND_RATE))
    return parts


def refused(encoder: SpeakerEncoder, sample: Samples) -> str:
    """Why a sample is refused, one word; empty where it serves."""
    try:
        check_sample(Sound(sample.astype(np.float32), SOUND_RATE), encoder)
    except AvatarError as error:
        return next(word for sign, word in REASONS.items() if sign in error.message)
    return ""


def checks(corpus: Path) -> dict[str, Any]:
    """Shares of the samples that were refused, and refused for the right reason, by kind."""
    encoder = SpeakerEncoder.load(open_store(Settings()).paths(WEIGHTS))
    dice = np.random.default_rng(9)
    voices = {name: spoken_by(name, corpus) for name in NAMES}
    whole = {name: np.concatenate(parts) for name, parts in voices.items()}

    def noisy(clean: Samples, decibels: float) -> Samples:
        noise = dice.normal(0, clean.std() * 10 ** (-decibels / 20), len(clean))
        return np.asarray(clean + noise, np.float32)

    share: dict[str, Any] = {}

    def count(title: str, made: list[Samples], reason: str) -> None:
        reasons = [refused(encoder, sample) for sample in made]
        share[title] = {
            "samples": len(made),
            "refused": round(sum(map(bool, reasons)) / len(made), 3),
            "for the right reason": round(reasons.count(reason) / len(made), 3),
        }
        print(title, share[title], flush=True)

    count("one voice", list(whole.values()), "")
    pairs = [dice.choice(NAMES, 2, replace=False) for _ in range(PAIRS)]
    turns = [np.concatenate([*voices[a][:2], *voices[b][:2]]) for a, b in pairs]
    count("two voices, half each", turns, "several")
    fewer = [np.concatenate([*voices[a], voices[b][0]]) for a, b in pairs[: PAIRS // 2]]
    count("two voices, one sentence of the other", fewer, "several")
    for decibels in NOISES_DB:
        count(
            f"white noise at {decibels} dB", [noisy(w, decibels) for w in whole.values()], "noise"
        )
    for decibels in OVERDRIVES_DB:
        cut = [
            np.clip(w * 10 ** (decibels / 20), -np.abs(w).max(), np.abs(w).max())
            for w in whole.values()
        ]
        count(f"overdriven by {decibels} dB", cut, "clipping")
    return share


def main() -> None:
    """Measure and keep."""
    RESULTS.write_text(json.dumps(checks(Path(sys.argv[1])), indent=1) + "\n")


if __name__ == "__main__":
    main()
