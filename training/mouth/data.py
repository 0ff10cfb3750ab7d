"""Speaks the corpus in many voices and keeps sound and phonemes.

    python -m training.mouth.data OUT --hibari hibari.onnx [--kokoro kokoro.onnx --styles voices/]
        [--piper en_US-joe-medium.onnx]

Each utterance is one `.npz`: 16 kHz sound and the phonemes' symbols and times. Pitch and size of
the speaker vary by resampling; the tempo is set so that speech stays at .8 to 1.3 of its pace.
Piper's voice is only held out. What is there already is kept, so a run that broke off goes on.
"""

import argparse
import random
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from training.mouth.corpus import corpus
from training.mouth.piper import Piper
from training.mouth.voices import RATE, Speaker, Utterance

HEARING = 16_000
HELD_VOICES = (
    "af_bella", "am_michael", "am_onyx", "bf_emma", "bm_george", "im_nicola", "jf_alpha",
    "zm_yunxi",
)  # fmt: skip
"""Kokoro voices that training never hears."""
HELD_LINES = 60
"""The corpus's last lines, which training never hears in any voice."""
LINES = 760


def keep(out: Path, name: str, say: Callable[[], Utterance], ratio: float) -> None:
    """Speak and write one utterance, its pitch and formants raised by `ratio`, if not there yet."""
    path = out / f"{name}.npz"
    if path.exists():
        return
    utterance = say()
    share = Fraction(HEARING / RATE / ratio).limit_denominator(120)
    sound = resample_poly(utterance.sound, share.numerator, share.denominator)
    scale = float(share) * RATE / HEARING
    fresh = out / "unfinished.npz"
    np.savez(
        fresh,
        sound=(sound / max(1e-6, np.abs(sound).max()) * 30000).astype(np.int16),
        symbols=np.array([p.symbol for p in utterance.phones]),
        times=np.array([(p.start, p.end) for p in utterance.phones], np.float32) * scale,
    )
    fresh.replace(path)
    print(path.name, flush=True)


def speak_hibari(out: Path, model: Path, lines: list[str]) -> None:
    """Every line once, each with its own tempo and size of the head."""
    chance = random.Random(11)  # noqa: S311 - not for secrets
    vocabulary = Path(str(resources.files("hibari") / "assets" / "vocab.json"))
    speaker = Speaker(model, "/Clip_output_0", vocabulary, None)
    for n, line in enumerate(lines):
        held = n >= len(lines) - HELD_LINES
        ratio = 1.0 if held or chance.random() < 0.2 else chance.uniform(0.72, 1.35)
        tempo = 1.0 if held else chance.uniform(0.8, 1.3)
        speed = min(2.0, max(0.5, tempo / ratio))
        name = f"{'held' if held else 'train'}-heart-{n:04d}"
        keep(out, name, partial(speaker.say, line, "heart", speed), ratio)


def speak_kokoro(out: Path, model: Path, styles: Path, lines: list[str], each: int) -> None:
    """`each` lines in every voice; the held voices speak held lines."""
    chance = random.Random(12)  # noqa: S311 - not for secrets
    vocabulary = Path(str(resources.files("hibari") / "assets" / "vocab.json"))
    speaker = Speaker(model, "/encoder/Clip_output_0", vocabulary, styles)
    voices = sorted(path.stem for path in styles.glob("*.bin"))
    for turn in range(each):
        for voice in voices:
            held = voice in HELD_VOICES
            n = chance.randrange(len(lines) - HELD_LINES) if not held else len(lines) - 1 - turn
            ratio = 1.0 if held else chance.uniform(0.85, 1.18)
            speed = 1.0 if held else chance.uniform(0.8, 1.25) / ratio
            name = f"{'held' if held else 'train'}-{voice}-{n:04d}"
            keep(out, name, partial(speaker.say, lines[n], voice, speed), ratio)


def speak_piper(out: Path, model: Path, lines: list[str]) -> None:
    """The held lines in a voice of another engine."""
    speaker = Piper(model)
    for n in range(len(lines) - HELD_LINES, len(lines)):
        keep(out, f"held-piper-{n:04d}", partial(speaker.say, lines[n]), 1.0)


def main() -> None:
    """Write the data set."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("out", type=Path)
    options.add_argument("--hibari", type=Path)
    options.add_argument("--kokoro", type=Path)
    options.add_argument("--styles", type=Path)
    options.add_argument("--piper", type=Path)
    options.add_argument("--each", type=int, default=9)
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    lines = corpus(LINES)
    if given.hibari:
        speak_hibari(given.out, given.hibari, lines)
    if given.kokoro:
        speak_kokoro(given.out, given.kokoro, given.styles, lines, given.each)
    if given.piper:
        speak_piper(given.out, given.piper, lines)


if __name__ == "__main__":
    main()
